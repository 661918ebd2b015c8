import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('procurement', '0001_initial'), ('procurement', '0002_promise_item')]

    initial = True

    dependencies = [
        ('catalog', '0001_squashed_0003_material_unit'),
        ('orders', '0001_squashed_0016_open_problems'),
        ('people', '0001_squashed_0004_qualification'),
        ('sla', '0001_squashed_0008_drills'),
    ]

    operations = [
        migrations.CreateModel(
            name='Supplier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('latin_name', models.CharField(blank=True, max_length=120, verbose_name='name in Latin letters')),
                ('contact_name', models.CharField(blank=True, max_length=60, verbose_name='contact')),
                ('contact_phone', models.CharField(blank=True, max_length=40, verbose_name='telephone')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('proposed_at', models.DateTimeField(verbose_name='proposed')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='approved')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by')),
            ],
            options={
                'verbose_name': 'supplier',
                'verbose_name_plural': 'suppliers',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('name',), name='supplier_name_is_unique'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='supplier_is_approved_by_another_person'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by__isnull', True)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='approved_supplier_says_who')],
            },
        ),
        migrations.CreateModel(
            name='SupplierMaterial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('supplier', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sources', to='procurement.supplier', verbose_name='supplier')),
                ('material', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.material', verbose_name='material')),
                ('price_amount', models.DecimalField(decimal_places=4, max_digits=14, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price per unit')),
                ('lead_time_hours', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='lead time in hours')),
                ('proposed_at', models.DateTimeField(verbose_name='proposed')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='approved')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by')),
            ],
            options={
                'verbose_name': 'source of a material',
                'verbose_name_plural': 'sources of materials',
                'ordering': ['material_id', 'supplier_id'],
                'constraints': [models.UniqueConstraint(fields=('supplier', 'material'), name='supplier_offers_a_material_once'), models.CheckConstraint(condition=models.Q(('lead_time_hours__gt', 0), ('price_amount__gte', 0)), name='source_costs_and_takes_something'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='source_is_approved_by_another_person'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by__isnull', True)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='approved_source_says_who')],
            },
        ),
        migrations.CreateModel(
            name='SupplierRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.materialline')),
                ('supplier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='procurement.supplier', verbose_name='Supplier')),
                ('reason', models.CharField(max_length=500, verbose_name='Why they cannot')),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'refusal of a supplier',
                'ordering': ['recorded_at'],
                'constraints': [models.UniqueConstraint(fields=('material_line', 'supplier'), name='supplier_refuses_a_line_once')],
            },
        ),
        migrations.CreateModel(
            name='PurchaseLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('material_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.materialline')),
                ('supplier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purchases', to='procurement.supplier', verbose_name='Supplier')),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='Quantity')),
                ('unit_price_amount', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='Price per unit')),
                ('state', models.CharField(choices=[('waiting', 'waits for money'), ('ordered', 'ordered'), ('received', 'received'), ('cancelled', 'cancelled')], default='ordered', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ordered_at', models.DateTimeField(null=True, verbose_name='ordered')),
                ('ordered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('expedite', models.CharField(choices=[('none', 'not asked'), ('asked', 'asked'), ('granted', 'granted'), ('refused', 'refused')], default='none', max_length=10, verbose_name='Expedited service')),
                ('expedite_fee_amount', models.DecimalField(decimal_places=2, default=0, max_digits=14, verbose_name='Fee')),
                ('expedite_asked_at', models.DateTimeField(null=True)),
                ('expedite_asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('expedite_answered_at', models.DateTimeField(null=True)),
                ('expedite_answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('expense', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.expenserequest')),
                ('cancelled_at', models.DateTimeField(null=True)),
                ('cancelled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('cancelled_reason', models.CharField(blank=True, max_length=500, verbose_name='Reason')),
                ('promise_item', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.workitem')),
            ],
            options={
                'verbose_name': 'purchase line',
                'ordering': ['id'],
                'indexes': [models.Index(fields=['material_line', 'state'], name='purchases_of_a_line')],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='purchase_buys_something'), models.CheckConstraint(condition=models.Q(('expedite_fee_amount__gte', 0), ('unit_price_amount__gte', 0)), name='purchase_costs_no_less_than_0'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'cancelled']), models.Q(('ordered_at__isnull', False), ('ordered_by__isnull', False)), _connector='OR'), name='ordered_purchase_says_who'), models.CheckConstraint(condition=models.Q(models.Q(('expedite', 'none'), _negated=True), models.Q(('expedite_asked_at__isnull', True), ('expedite_fee_amount', 0)), _connector='OR'), name='purchase_fee_is_for_asked_speed'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'cancelled'), _negated=True), models.Q(('cancelled_at__isnull', False), models.Q(('cancelled_reason', ''), _negated=True)), _connector='OR'), name='cancelled_purchase_says_why')],
            },
        ),
        migrations.CreateModel(
            name='PurchasePromise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purchase_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promises', to='procurement.purchaseline')),
                ('promised_at', models.DateTimeField(verbose_name='Promised for')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='What the supplier says')),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'promise of a supplier',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Milestone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purchase_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='milestones', to='procurement.purchaseline')),
                ('kind', models.CharField(choices=[('ready', 'Ready at the supplier'), ('dispatched', 'Dispatched'), ('in_transit', 'On the way'), ('customs', 'At customs'), ('delayed', 'Delayed'), ('arrived', 'Arrived')], max_length=10, verbose_name='What happened')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='Note')),
                ('happened_at', models.DateTimeField(verbose_name='When')),
                ('recorded_at', models.DateTimeField()),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'transport step',
                'ordering': ['happened_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='PurchaseReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purchase_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='procurement.purchaseline')),
                ('receipt', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.receipt')),
            ],
            options={
                'verbose_name': 'delivery of a purchase',
                'ordering': ['id'],
            },
        ),
    ]
