import datetime
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('records', '0001_initial'), ('records', '0002_on_behalf_of'), ('records', '0003_rules_of_a_small_firm'), ('records', '0004_month_periods'), ('records', '0005_weekly_meeting')]

    initial = True

    dependencies = [
        ('people', '0001_squashed_0004_qualification'),
    ]

    operations = [
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('length', models.PositiveIntegerField(default=0)),
                ('head', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name': 'audit stream',
                'verbose_name_plural': 'audit streams',
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.ForeignKey(db_column='stream', on_delete=django.db.models.deletion.PROTECT, related_name='events', to='records.stream', to_field='name')),
                ('number', models.PositiveIntegerField()),
                ('verb', models.CharField(max_length=60)),
                ('text', models.TextField()),
                ('params', models.JSONField(blank=True, default=dict)),
                ('money', models.CharField(blank=True, choices=[('', 'no money'), ('sales', 'prices and rush charges'), ('purchase', 'purchase prices'), ('resource', 'rates and extra costs'), ('result', 'cost sheet and margin')], default='', max_length=10)),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('actor_name', models.CharField(blank=True, max_length=60)),
                ('on_behalf_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('on_behalf_of_name', models.CharField(blank=True, max_length=60)),
                ('at', models.DateTimeField()),
                ('previous_hash', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['stream_id', 'number'],
                'constraints': [models.UniqueConstraint(fields=('stream', 'number'), name='event_number_is_unique_in_its_stream'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='event_numbers_start_at_one')],
            },
        ),
        migrations.CreateModel(
            name='OnceKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.CharField(max_length=64)),
                ('result_url', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='once_key_is_used_once_by_a_person')],
            },
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(db_index=True, max_length=60, verbose_name='subject')),
                ('purpose', models.CharField(blank=True, max_length=40, verbose_name='purpose')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('content_type', models.CharField(max_length=100, verbose_name='kind')),
                ('size', models.PositiveBigIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64)),
                ('file', models.FileField(max_length=200, upload_to='')),
                ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('uploaded_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'file',
                'verbose_name_plural': 'files',
                'ordering': ['uploaded_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='AccessLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('subject', models.CharField(db_index=True, max_length=60)),
                ('purpose', models.CharField(max_length=40)),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'link',
                'verbose_name_plural': 'links',
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('issued_at'))), name='link_expires_after_it_is_issued'), models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False)), _connector='OR'), name='link_is_revoked_by_somebody_at_some_time')],
            },
        ),
        migrations.CreateModel(
            name='CompanySettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('company_name', models.CharField(blank=True, max_length=120, verbose_name='company name')),
                ('class_a_max_ratio', models.DecimalField(decimal_places=2, default=Decimal('0.30'), help_text='Requested lead time ÷ normal lead time.', max_digits=4, verbose_name='class A up to')),
                ('class_b_max_ratio', models.DecimalField(decimal_places=2, default=Decimal('0.60'), help_text='Requested lead time ÷ normal lead time; everything above is class C.', max_digits=4, verbose_name='class B up to')),
                ('silent_customer_days', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)], verbose_name='working days a customer may be silent')),
                ('over_delivery_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='pieces allowed above the agreed quantity, %')),
                ('budget_allowance_percent', models.DecimalField(decimal_places=2, default=Decimal('10'), max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='order budget above the approved plan, %')),
                ('major_cost_amount', models.DecimalField(decimal_places=2, default=Decimal('10000'), max_digits=14, validators=[django.core.validators.MinValueValidator(0)], verbose_name='cost from which a problem is major')),
                ('option_valid_hours', models.PositiveSmallIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1)], verbose_name='hours an offered solution stays valid')),
                ('duplicate_window_days', models.PositiveSmallIntegerField(default=14, verbose_name='days in which a like order is asked about')),
                ('score_check_days', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)], verbose_name="working days in which heads check the month's scores")),
                ('appeal_days', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)], verbose_name="working days for appeals against the month's scores")),
                ('reply_days', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(30)], verbose_name='working days to reply to a proposed penalty')),
                ('meeting_weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], default=0, help_text='Where that is no working time, the next working day of the week.', verbose_name='day of the weekly coordination meeting')),
                ('meeting_time', models.TimeField(default=datetime.time(10, 30), verbose_name='time of the weekly coordination meeting')),
                ('meeting_minutes', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(240)], verbose_name='minutes of the weekly coordination meeting')),
                ('meeting_place', models.CharField(blank=True, max_length=120, verbose_name='place of the weekly coordination meeting')),
                ('file_size_limit_mb', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1)], verbose_name='largest file, MB')),
                ('review_people', models.PositiveSmallIntegerField(default=3, help_text='Process, capacity and materials: 3; 1 or 2 in a small firm.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3)], verbose_name='different people who assess an order')),
                ('has_sole_authority', models.BooleanField(default=False, help_text='Where nobody else is eligible: own decision with a reason, flagged on paper and in the report.', verbose_name='general management may decide alone')),
            ],
            options={
                'verbose_name': 'company settings',
                'verbose_name_plural': 'company settings',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='company_settings_are_one_row'), models.CheckConstraint(condition=models.Q(('class_a_max_ratio__gt', 0), ('class_b_max_ratio__gt', models.F('class_a_max_ratio'))), name='class_b_reaches_beyond_class_a', violation_error_message='Class B must reach beyond class A.'), models.CheckConstraint(condition=models.Q(('review_people__gte', 1), ('review_people__lte', 3)), name='one_to_three_people_assess_an_order')],
            },
        ),
        migrations.CreateModel(
            name='SoleDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(db_index=True, max_length=60, verbose_name='about')),
                ('act', models.CharField(max_length=20)),
                ('text', models.CharField(max_length=200)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('url', models.CharField(max_length=300)),
                ('reason', models.CharField(max_length=500, verbose_name='Reason')),
                ('decided_at', models.DateTimeField(db_index=True, verbose_name='decided at')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'decision of one person',
                'verbose_name_plural': 'decisions of one person',
                'ordering': ['-decided_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='who_decides_alone_says_why')],
            },
        ),
    ]
