from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('finance', '0001_initial'), ('finance', '0002_initial'), ('finance', '0003_rush_charge')]

    initial = True

    dependencies = [
        ('orders', '0001_squashed_0016_open_problems'),
        ('people', '0001_squashed_0004_qualification'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpenseLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.CharField(choices=[('accountant', 'Accountant'), ('finance_head', 'Head of finance'), ('management', 'General management')], max_length=15, unique=True, verbose_name='rank')),
                ('up_to_amount', models.DecimalField(blank=True, decimal_places=2, help_text='Empty: without limit.', max_digits=14, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='decides up to')),
            ],
            options={
                'verbose_name': 'expense limit',
                'verbose_name_plural': 'expense limits',
                'ordering': ['up_to_amount'],
                'constraints': [models.CheckConstraint(condition=models.Q(('up_to_amount__isnull', True), ('up_to_amount__gte', 0), _connector='OR'), name='expense_limit_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='ChargeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(unique=True, verbose_name='version')),
                ('a_percent', models.DecimalField(decimal_places=2, default=Decimal('15'), max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(Decimal('999.99'))], verbose_name="class A: % of the order's value")),
                ('b_percent', models.DecimalField(decimal_places=2, default=Decimal('10'), max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(Decimal('999.99'))], verbose_name="class B: % of the order's value")),
                ('c_percent', models.DecimalField(decimal_places=2, default=Decimal('5'), max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(Decimal('999.99'))], verbose_name="class C: % of the order's value")),
                ('cost_share_percent', models.DecimalField(decimal_places=2, default=Decimal('100'), help_text='Overtime, express freight, change-over, lateness of others and the like, as far as known.', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(Decimal('999.99'))], verbose_name='share of what urgency costs, %')),
                ('minimum_amount', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=14, validators=[django.core.validators.MinValueValidator(0)], verbose_name='at least')),
                ('rounding_amount', models.DecimalField(decimal_places=2, default=Decimal('10'), max_digits=14, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))], verbose_name='rounded up to full')),
                ('late_hour_amount', models.DecimalField(decimal_places=2, default=Decimal('100'), help_text='What it costs when another order comes an hour later than promised because of this one.', max_digits=14, validators=[django.core.validators.MinValueValidator(0)], verbose_name="an hour of another order's lateness")),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='Reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'rule of the rush charge',
                'ordering': ['-version'],
                'constraints': [models.CheckConstraint(condition=models.Q(('a_percent__gte', 0), ('b_percent__gte', 0), ('c_percent__gte', 0), ('cost_share_percent__gte', 0), ('late_hour_amount__gte', 0), ('minimum_amount__gte', 0), ('rounding_amount__gt', 0)), name='rush_charge_rule_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='ChargeDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.urgentorder')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='finance.chargerule')),
                ('suggested_amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='suggested')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='Rush charge')),
                ('before_amount', models.DecimalField(decimal_places=2, max_digits=14, null=True, verbose_name='before')),
                ('computation', models.JSONField(default=dict)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='Reason')),
                ('decided_at', models.DateTimeField()),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'rush charge',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='rush_charge_is_not_negative'), models.CheckConstraint(condition=models.Q(('amount', models.F('suggested_amount')), models.Q(('reason', ''), _negated=True), _connector='OR'), name='another_rush_charge_says_why')],
            },
        ),
        migrations.CreateModel(
            name='Settlement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.urgentorder')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='statement number')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='version')),
                ('content', models.JSONField()),
                ('sales_amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='Sales')),
                ('cost_amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='Cost')),
                ('urgency_amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='Premium caused by urgency')),
                ('invoice_number', models.CharField(blank=True, max_length=40, verbose_name='Invoice number')),
                ('no_invoice_reason', models.CharField(blank=True, max_length=300, verbose_name='Why there is no invoice')),
                ('issued_at', models.DateTimeField(verbose_name='issued')),
                ('issued_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'settlement statement',
                'ordering': ['-issued_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(models.Q(('invoice_number', ''), _negated=True), ('no_invoice_reason', '')), models.Q(('invoice_number', ''), models.Q(('no_invoice_reason', ''), _negated=True)), _connector='OR'), name='statement_has_an_invoice_or_says_why_not')],
            },
        ),
    ]
