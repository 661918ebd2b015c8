import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('quality', '0001_initial'), ('quality', '0002_figures')]

    initial = True

    dependencies = [
        ('catalog', '0001_squashed_0003_material_unit'),
        ('orders', '0001_squashed_0016_open_problems'),
        ('people', '0001_squashed_0004_qualification'),
        ('records', '0001_squashed_0005_weekly_meeting'),
    ]

    operations = [
        migrations.CreateModel(
            name='SamplingRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lot_up_to', models.PositiveIntegerField(unique=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='lots up to')),
                ('sample_size', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='pieces to inspect')),
                ('accept_number', models.PositiveIntegerField(default=0, verbose_name='bad pieces accepted in the sample')),
            ],
            options={
                'verbose_name': 'row of the sampling table',
                'verbose_name_plural': 'sampling table',
                'ordering': ['lot_up_to'],
                'constraints': [models.CheckConstraint(condition=models.Q(('sample_size__gt', 0)), name='sample_is_one_piece_at_least'), models.CheckConstraint(condition=models.Q(('accept_number__lt', models.F('sample_size'))), name='sample_accepts_fewer_than_it_inspects', violation_error_message='A sample accepts fewer pieces than it inspects.')],
            },
        ),
        migrations.CreateModel(
            name='InspectionPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product', verbose_name='product')),
                ('operation_number', models.PositiveSmallIntegerField(blank=True, help_text='Empty: the final inspection.', null=True, verbose_name='operation number')),
                ('characteristics', models.TextField(help_text='One a line, with its limits.', verbose_name='characteristics')),
                ('sampling', models.CharField(choices=[('full', 'every piece'), ('table', 'by the sampling table')], default='full', max_length=5, verbose_name='how many')),
            ],
            options={
                'verbose_name': 'inspection plan',
                'verbose_name_plural': 'inspection plans',
                'ordering': ['product', 'operation_number'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('operation_number__isnull', False)), fields=('product', 'operation_number'), name='operation_of_a_product_has_one_inspection_plan'), models.UniqueConstraint(condition=models.Q(('operation_number__isnull', True)), fields=('product',), name='product_has_one_final_inspection_plan')],
            },
        ),
        migrations.CreateModel(
            name='Inspection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.urgentorder')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('step', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderstep')),
                ('receipt', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.receipt')),
                ('kind', models.CharField(choices=[('in_process', 'in-process inspection'), ('first_article', 'First-article inspection'), ('final', 'final inspection'), ('incoming', 'incoming inspection')], max_length=15, verbose_name='kind')),
                ('lot_quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='lot')),
                ('sample_quantity', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='inspected pieces')),
                ('passed', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='passed')),
                ('failed', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='failed')),
                ('findings', models.JSONField(blank=True, default=list, verbose_name='findings')),
                ('defect', models.CharField(blank=True, max_length=500, verbose_name='Defect')),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.storedfile')),
                ('inspected_at', models.DateTimeField()),
                ('inspected_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'inspection',
                'ordering': ['-inspected_at', '-id'],
                'indexes': [models.Index(fields=['order', '-inspected_at'], name='inspections_of_order'), models.Index(condition=models.Q(('kind', 'final')), fields=['inspected_at', 'line', 'passed', 'failed', 'id'], name='final_inspections'), models.Index(condition=models.Q(('failed__gt', 0), ('kind', 'final')), fields=['line', 'id'], name='failed_inspections')],
                'constraints': [models.CheckConstraint(condition=models.Q(('failed__gte', 0), ('lot_quantity__gt', 0), ('passed__gte', 0), ('sample_quantity__gt', 0), ('lot_quantity__gte', django.db.models.expressions.CombinedExpression(models.F('passed'), '+', models.F('failed'))), ('lot_quantity__gte', models.F('sample_quantity'))), name='inspection_finds_no_more_than_its_lot'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['in_process', 'first_article']), ('receipt__isnull', True), ('step__isnull', False)), models.Q(('kind', 'final'), ('receipt__isnull', True), ('step__isnull', True)), models.Q(('kind', 'incoming'), ('receipt__isnull', False)), _connector='OR'), name='inspection_has_the_subject_of_its_kind'), models.CheckConstraint(condition=models.Q(('failed', 0), models.Q(('defect', ''), _negated=True), _connector='OR'), name='failed_inspection_says_the_defect')],
            },
        ),
        migrations.CreateModel(
            name='Concession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nonconformance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.nonconformance')),
                ('reason', models.CharField(max_length=500, verbose_name='Reason')),
                ('proposed_at', models.DateTimeField()),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='first signer')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='second signer')),
                ('refused_at', models.DateTimeField(blank=True, null=True)),
                ('refused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('refused_reason', models.CharField(blank=True, max_length=500, verbose_name='Reason of the refusal')),
            ],
            options={
                'verbose_name': 'concession',
                'ordering': ['-proposed_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('confirmed_by__isnull', True), models.Q(('confirmed_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='concession_is_confirmed_by_another_person'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('confirmed_by__isnull', True)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='confirmed_concession_says_who'), models.CheckConstraint(condition=models.Q(models.Q(('refused_at__isnull', True), ('refused_by__isnull', True)), models.Q(('confirmed_at__isnull', True), ('refused_at__isnull', False), ('refused_by__isnull', False)), _connector='OR'), name='refused_concession_says_who'), models.UniqueConstraint(condition=models.Q(('refused_at__isnull', True)), fields=('nonconformance',), name='nonconformance_has_one_concession')],
            },
        ),
    ]
