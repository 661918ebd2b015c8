from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('catalog', '0001_initial'), ('catalog', '0002_substitute'), ('catalog', '0003_material_unit')]

    initial = True

    dependencies = [
        ('people', '0001_squashed_0004_qualification'),
    ]

    operations = [
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('latin_name', models.CharField(blank=True, max_length=120, verbose_name='name in Latin letters')),
                ('code', models.CharField(max_length=20, unique=True, verbose_name='code')),
                ('is_key', models.BooleanField(default=False, help_text='Its orders are proposed as urgent.', verbose_name='key customer')),
                ('contact_name', models.CharField(blank=True, max_length=60, verbose_name='contact')),
                ('contact_phone', models.CharField(blank=True, max_length=40, verbose_name='telephone')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('delivery_place', models.CharField(blank=True, max_length=300, verbose_name='usual delivery place')),
                ('language', models.CharField(blank=True, max_length=10, verbose_name='language')),
                ('salesperson', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='salesperson')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'customer',
                'verbose_name_plural': 'customers',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='catalog.customer', verbose_name='customer')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('is_major', models.BooleanField(default=False, help_text='Its orders are proposed as urgent.', verbose_name='major project')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'project',
                'verbose_name_plural': 'projects',
                'ordering': ['customer_id', 'name'],
                'constraints': [models.UniqueConstraint(fields=('customer', 'name'), name='project_name_is_unique_for_its_customer')],
            },
        ),
        migrations.CreateModel(
            name='ProductFamily',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('latin_name', models.CharField(blank=True, max_length=120, verbose_name='name in Latin letters')),
                ('normal_lead_time_hours', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='normal lead time in working hours')),
            ],
            options={
                'verbose_name': 'product family',
                'verbose_name_plural': 'product families',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('name',), name='product_family_name_is_unique'), models.CheckConstraint(condition=models.Q(('normal_lead_time_hours__gt', 0)), name='product_family_takes_some_working_time')],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('latin_name', models.CharField(blank=True, max_length=120, verbose_name='name in Latin letters')),
                ('number', models.CharField(max_length=40, unique=True, verbose_name='number')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.productfamily', verbose_name='family')),
                ('drawing_number', models.CharField(blank=True, max_length=60, verbose_name='drawing number')),
                ('revision', models.CharField(blank=True, max_length=20, verbose_name='revision')),
                ('unit', models.CharField(default='pcs', max_length=10, verbose_name='unit')),
                ('specification', models.TextField(blank=True, verbose_name='usual specification')),
                ('price_amount', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='usual price')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'product',
                'verbose_name_plural': 'products',
                'ordering': ['number'],
                'constraints': [models.CheckConstraint(condition=models.Q(('price_amount__isnull', True), ('price_amount__gte', 0), _connector='OR'), name='product_price_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='Material',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('latin_name', models.CharField(blank=True, max_length=120, verbose_name='name in Latin letters')),
                ('number', models.CharField(max_length=40, unique=True, verbose_name='number')),
                ('unit', models.CharField(default='kg', max_length=10, verbose_name='unit')),
                ('is_key', models.BooleanField(default=False, verbose_name='critical material')),
                ('standard_cost_amount', models.DecimalField(decimal_places=4, default=Decimal('0'), max_digits=14, validators=[django.core.validators.MinValueValidator(0)], verbose_name='standard cost per unit')),
                ('lead_time_hours', models.PositiveIntegerField(default=72, verbose_name='usual lead time in hours')),
                ('on_hand', models.DecimalField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=14, verbose_name='on hand')),
                ('reserved', models.DecimalField(decimal_places=4, default=Decimal('0'), editable=False, max_digits=14, verbose_name='reserved')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'material',
                'verbose_name_plural': 'materials',
                'ordering': ['number'],
                'constraints': [models.CheckConstraint(condition=models.Q(('unit', ''), _negated=True), name='material_has_a_unit', violation_error_message='Say in which unit it is counted.'), models.CheckConstraint(condition=models.Q(('on_hand__gte', 0)), name='stock_on_hand_is_not_negative'), models.CheckConstraint(condition=models.Q(('reserved__gte', 0)), name='reserved_stock_is_not_negative'), models.CheckConstraint(condition=models.Q(('reserved__lte', models.F('on_hand'))), name='reserved_stock_is_on_hand')],
            },
        ),
        migrations.CreateModel(
            name='Substitute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='substitutes', to='catalog.material', verbose_name='material')),
                ('substitute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.material', verbose_name='Substitute material')),
                ('factor', models.DecimalField(decimal_places=4, default=Decimal('1'), max_digits=8, validators=[django.core.validators.MinValueValidator(Decimal('0.0001'))], verbose_name='units needed for one unit')),
            ],
            options={
                'verbose_name': 'substitute material',
                'verbose_name_plural': 'substitute materials',
                'ordering': ['material', 'substitute'],
                'constraints': [models.UniqueConstraint(fields=('material', 'substitute'), name='substitute_stands_once'), models.CheckConstraint(condition=models.Q(('material', models.F('substitute')), _negated=True), name='substitute_is_another_material'), models.CheckConstraint(condition=models.Q(('factor__gt', 0)), name='substitute_factor_is_positive')],
            },
        ),
        migrations.CreateModel(
            name='StockEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='catalog.material')),
                ('kind', models.CharField(choices=[('receipt', 'receipt'), ('issue', 'issue'), ('reserve', 'reservation'), ('release', 'release'), ('adjust', 'adjustment')], max_length=10)),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=14)),
                ('source', models.CharField(max_length=120, unique=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'stock movement',
                'verbose_name_plural': 'stock movements',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['receipt', 'reserve']), ('quantity__gt', 0)), models.Q(('kind__in', ['issue', 'release']), ('quantity__lt', 0)), models.Q(('kind', 'adjust'), models.Q(('quantity', 0), _negated=True)), _connector='OR'), name='stock_movement_goes_the_way_of_its_kind')],
            },
        ),
        migrations.CreateModel(
            name='BillOfMaterialLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='materials', to='catalog.product', verbose_name='product')),
                ('material', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.material', verbose_name='material')),
                ('quantity_per', models.DecimalField(decimal_places=4, max_digits=14, validators=[django.core.validators.MinValueValidator(Decimal('0.0001'))], verbose_name='quantity per piece')),
                ('scrap_factor', models.DecimalField(decimal_places=4, default=Decimal('0'), help_text='0.05 plans 5 % more than the pieces need.', max_digits=5, validators=[django.core.validators.MinValueValidator(0)], verbose_name='scrap factor')),
            ],
            options={
                'verbose_name': 'material of a product',
                'verbose_name_plural': 'bill of materials',
                'ordering': ['product_id', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('product', 'material'), name='material_stands_once_in_a_products_bill'), models.CheckConstraint(condition=models.Q(('quantity_per__gt', 0), ('scrap_factor__gte', 0)), name='bill_of_materials_quantities_are_positive')],
            },
        ),
    ]
