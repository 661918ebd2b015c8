import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('orders', '0001_squashed_0016_open_problems'),
        ('people', '0001_squashed_0004_qualification'),
        ('records', '0001_squashed_0005_weekly_meeting'),
        ('sla', '0001_squashed_0008_drills'),
    ]

    operations = [
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('monday', models.DateField(error_messages={'unique': 'This week has its meeting already.'}, unique=True, verbose_name='week from')),
                ('starts_at', models.DateTimeField(verbose_name='starts')),
                ('length_minutes', models.PositiveSmallIntegerField(default=30, verbose_name='minutes')),
                ('place', models.CharField(blank=True, max_length=120, verbose_name='place')),
                ('link', models.URLField(blank=True, max_length=300, verbose_name='video link')),
                ('chair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chair')),
                ('minute_taker', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='minute-taker')),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('running', 'Running'), ('closed', 'Minutes to confirm'), ('confirmed', 'Minutes confirmed'), ('cancelled', 'Cancelled')], default='planned', max_length=10, verbose_name='state')),
                ('sequence', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=0)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('position_since', models.DateTimeField(blank=True, null=True)),
                ('figures', models.JSONField(blank=True, null=True)),
                ('money_figures', models.JSONField(blank=True, null=True)),
                ('figures_at', models.DateTimeField(blank=True, null=True, verbose_name='figures as of')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by')),
                ('reopened_at', models.DateTimeField(blank=True, null=True)),
                ('reopened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reopened by')),
                ('reopen_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('cancelled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cancelled by')),
                ('cancel_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'weekly coordination meeting',
                'verbose_name_plural': 'weekly coordination meetings',
                'ordering': ['-monday'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('figures__isnull', True), ('figures_at__isnull', True), ('started_at__isnull', True)), models.Q(('figures__isnull', False), ('figures_at__isnull', False), ('started_at__isnull', False)), _connector='OR'), name='meeting_starts_with_frozen_figures'), models.CheckConstraint(condition=models.Q(models.Q(('started_at__isnull', True), ('state__in', ['planned', 'cancelled'])), models.Q(('closed_at__isnull', True), ('started_at__isnull', False), ('state', 'running')), models.Q(('closed_at__isnull', False), ('started_at__isnull', False), ('state__in', ['closed', 'confirmed'])), _connector='OR'), name='meeting_state_follows_its_deeds'), models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at__isnull', False), ('state', 'cancelled'), models.Q(('cancel_reason', ''), _negated=True)), models.Q(models.Q(('state', 'cancelled'), _negated=True), ('cancelled_at__isnull', True)), _connector='OR'), name='meeting_is_cancelled_with_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', False), ('state', 'confirmed')), models.Q(models.Q(('state', 'confirmed'), _negated=True), ('confirmed_at__isnull', True)), _connector='OR'), name='meeting_is_confirmed_at_a_moment'), models.CheckConstraint(condition=models.Q(models.Q(('started_at__isnull', True), ('started_by__isnull', True)), models.Q(('started_at__isnull', False), ('started_by__isnull', False)), _connector='OR'), name='meeting_is_started_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='meeting_is_closed_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('reopened_at__isnull', True), ('reopened_by__isnull', True)), models.Q(('reopened_at__isnull', False), ('reopened_by__isnull', False)), _connector='OR'), name='meeting_is_reopened_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at__isnull', True), ('cancelled_by__isnull', True)), models.Q(('cancelled_at__isnull', False), ('cancelled_by__isnull', False)), _connector='OR'), name='meeting_is_cancelled_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='AgendaItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='agenda', to='coordination.meeting')),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('actions', "Last week's actions"), ('review', 'Review of last week'), ('problems', 'Analysis of problems'), ('plan', "This week's plan and measures"), ('extra', 'Further item'), ('minutes', 'Confirmation of the minutes')], max_length=10, verbose_name='item')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='title')),
                ('minutes', models.PositiveSmallIntegerField(verbose_name='minutes')),
                ('used_seconds', models.PositiveIntegerField(default=0)),
                ('proposed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
            ],
            options={
                'verbose_name': 'item of the agenda',
                'verbose_name_plural': 'items of the agenda',
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('meeting', 'position'), name='agenda_has_one_item_at_a_place'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'extra'), ('proposed_by__isnull', False), models.Q(('title', ''), _negated=True)), models.Q(models.Q(('kind', 'extra'), _negated=True), ('title', '')), _connector='OR'), name='further_item_has_a_title')],
            },
        ),
        migrations.CreateModel(
            name='Attendance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attendances', to='coordination.meeting')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.department', verbose_name='department')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('stands_in_for', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stands in for')),
                ('is_present', models.BooleanField(default=False, verbose_name='present')),
                ('came_at', models.DateTimeField(blank=True, null=True, verbose_name='came')),
            ],
            options={
                'verbose_name': 'attendance',
                'verbose_name_plural': 'attendances',
                'ordering': ['department_id'],
                'constraints': [models.UniqueConstraint(fields=('meeting', 'department'), name='department_has_one_seat_in_a_meeting'), models.CheckConstraint(condition=models.Q(models.Q(('came_at__isnull', False), ('is_present', True)), models.Q(('came_at__isnull', True), ('is_present', False)), _connector='OR'), name='who_is_present_came_at_a_moment')],
            },
        ),
        migrations.CreateModel(
            name='Outcome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outcomes', to='coordination.meeting')),
                ('kind', models.CharField(choices=[('action', 'Action'), ('decision', 'Decision'), ('problem', 'Problem')], max_length=10, verbose_name='kind')),
                ('text', models.CharField(max_length=500, verbose_name='text')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.urgentorder', verbose_name='order')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='responsible')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
                ('item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.workitem')),
                ('issue', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.issue')),
                ('result', models.CharField(blank=True, max_length=500, verbose_name='result')),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('done_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='done by')),
                ('drop_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('dropped_at', models.DateTimeField(blank=True, null=True)),
                ('dropped_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='dropped by')),
            ],
            options={
                'verbose_name': 'outcome of a meeting',
                'verbose_name_plural': 'outcomes of a meeting',
                'ordering': ['recorded_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('done_at__isnull', True), ('dropped_at__isnull', True), ('kind', 'action')), fields=['due_at'], name='open_meeting_actions')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('kind', 'action'), ('person__isnull', False)), models.Q(models.Q(('kind', 'action'), _negated=True), ('due_at__isnull', True), ('item__isnull', True), ('person__isnull', True)), _connector='OR'), name='action_has_a_person_and_a_time'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='outcome_says_something'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('done_by__isnull', True), ('result', '')), models.Q(('done_at__isnull', False), ('done_by__isnull', False), ('kind', 'action'), models.Q(('result', ''), _negated=True)), _connector='OR'), name='action_is_done_with_a_result'), models.CheckConstraint(condition=models.Q(models.Q(('drop_reason', ''), ('dropped_at__isnull', True), ('dropped_by__isnull', True)), models.Q(('done_at__isnull', True), ('dropped_at__isnull', False), ('dropped_by__isnull', False), ('kind', 'action'), models.Q(('drop_reason', ''), _negated=True)), _connector='OR'), name='action_is_dropped_with_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='Confirmation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='confirmations', to='coordination.meeting')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.department', verbose_name='department')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('confirmed', 'Confirmed'), ('objected', 'Objected'), ('not_objected', 'Not objected'), ('fallen', 'Fallen: reopened')], default='asked', max_length=12, verbose_name='state')),
                ('item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sla.workitem')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('objection', models.CharField(blank=True, max_length=500, verbose_name='objection')),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
            ],
            options={
                'verbose_name': 'confirmation of minutes',
                'verbose_name_plural': 'confirmations of minutes',
                'ordering': ['department_id', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'fallen'), _negated=True), fields=('meeting', 'department'), name='department_is_asked_once_a_close'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('answered_by__isnull', True)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='minutes_are_answered_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', False), ('state__in', ['confirmed', 'objected'])), models.Q(('answered_at__isnull', True), ('state__in', ['asked', 'not_objected'])), ('state', 'fallen'), _connector='OR'), name='an_answer_has_its_moment'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'objected'), models.Q(('objection', ''), _negated=True)), ('state', 'fallen'), models.Q(('objection', ''), ('state__in', ['asked', 'confirmed', 'not_objected'])), _connector='OR'), name='an_objection_says_what')],
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.urgentorder')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('progress', 'Progress'), ('problem', 'Problem'), ('solution', 'Solution')], default='progress', max_length=10, verbose_name='kind')),
                ('text', models.CharField(max_length=2000, verbose_name='text')),
                ('language', models.CharField(max_length=10)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('posted_at', models.DateTimeField()),
                ('is_confidential', models.BooleanField(default=False, verbose_name='stays in the house')),
                ('step', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderstep')),
                ('issue', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.issue')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('folded', models.TextField()),
                ('grams', models.TextField()),
            ],
            options={
                'verbose_name': 'post',
                'verbose_name_plural': 'posts',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('withdrawn_at__isnull', True)), fields=['order', 'id'], name='posts_of_a_room'), models.Index(fields=['-posted_at'], name='posts_by_time')],
                'constraints': [models.UniqueConstraint(fields=('order', 'number'), name='a_post_has_its_own_event'), models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='a_post_says_something'), models.CheckConstraint(condition=models.Q(('kind__in', ['progress', 'problem', 'solution'])), name='a_post_is_of_a_known_kind'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'problem'), _negated=True), ('issue__isnull', False), _connector='OR'), name='a_post_of_a_problem_raises_it')],
            },
        ),
        migrations.CreateModel(
            name='Mention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mentions', to='coordination.post')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.department')),
            ],
            options={
                'verbose_name': 'mention',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('department__isnull', False), ('person__isnull', True)), models.Q(('department__isnull', True), ('person__isnull', False)), _connector='OR'), name='a_mention_calls_a_person_or_a_department'), models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('post', 'person'), name='a_person_is_called_once_in_a_post'), models.UniqueConstraint(condition=models.Q(('department__isnull', False)), fields=('post', 'department'), name='a_department_is_called_once_in_a_post')],
            },
        ),
        migrations.CreateModel(
            name='PostFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='coordination.post')),
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='records.storedfile')),
            ],
            options={
                'verbose_name': 'file of a post',
            },
        ),
        migrations.CreateModel(
            name='RoomRead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.urgentorder')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('number', models.PositiveIntegerField()),
                ('read_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'read mark',
                'constraints': [models.UniqueConstraint(fields=('order', 'person'), name='a_person_has_one_mark_in_a_room')],
            },
        ),
    ]
