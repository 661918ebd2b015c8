import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('notifications', '0001_initial'), ('notifications', '0002_robots'), ('notifications', '0003_dispatch_indexes'), ('notifications', '0004_rooms'), ('notifications', '0005_letter_calendar')]

    initial = True

    dependencies = [
        ('people', '0001_squashed_0004_qualification'),
    ]

    operations = [
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('by_email', models.BooleanField(default=True, verbose_name='by e-mail')),
                ('quiet_from', models.TimeField(blank=True, null=True, verbose_name='quiet from')),
                ('quiet_until', models.TimeField(blank=True, null=True, verbose_name='quiet until')),
                ('digest_at', models.TimeField(blank=True, help_text='What does not press is collected and sent once a day. Empty: each message by itself.', null=True, verbose_name='one letter a day at')),
            ],
            options={
                'verbose_name': 'preference',
                'verbose_name_plural': 'preferences',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='quiet_hours_have_two_ends')],
            },
        ),
        migrations.CreateModel(
            name='Robot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name')),
                ('kind', models.CharField(choices=[('wecom', 'WeCom'), ('dingtalk', 'DingTalk'), ('feishu', 'Feishu'), ('slack', 'Slack')], max_length=10, verbose_name='kind')),
                ('encrypted_address', models.TextField(editable=False)),
                ('address_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('address_end', models.CharField(editable=False, max_length=4)),
                ('department', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.department', verbose_name='department')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('zh-hant', '繁體中文')], max_length=10, verbose_name='language')),
                ('rooms', models.CharField(choices=[('all', 'everything said'), ('progress', 'progress only'), ('issues', 'problems and solutions only'), ('none', 'nothing')], db_default='none', default='none', max_length=10, verbose_name='from the rooms of orders')),
                ('is_active', models.BooleanField(default=True, verbose_name='speaks')),
                ('version', models.PositiveIntegerField(default=1)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('free_from', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_ok_at', models.DateTimeField(blank=True, null=True, verbose_name='last heard')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='what went wrong')),
            ],
            options={
                'verbose_name': 'group robot',
                'verbose_name_plural': 'group robots',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['wecom', 'dingtalk', 'feishu', 'slack'])), name='a_robot_is_of_a_known_kind'), models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('encrypted_address', ''), _negated=True), models.Q(('address_digest', ''), _negated=True)), name='a_robot_has_a_name_and_an_address'), models.CheckConstraint(condition=models.Q(('rooms__in', ['all', 'progress', 'issues', 'none'])), name='a_robot_hears_rooms_in_a_known_way')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160)),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
                ('text', models.CharField(max_length=300)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('url', models.CharField(max_length=300)),
                ('source', models.CharField(blank=True, max_length=80)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written at')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
                ('shown_from', models.DateTimeField(default=django.utils.timezone.now, verbose_name='shown from')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read at')),
                ('voided_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'indexes': [models.Index(fields=['recipient', '-created_at', '-id'], name='inbox_newest_first'), models.Index(condition=models.Q(('read_at__isnull', True), ('voided_at__isnull', True)), fields=['recipient'], name='inbox_unread'), models.Index(condition=models.Q(('read_at__isnull', True)), fields=['source'], name='messages_of_a_source'), models.Index(fields=['-created_at'], name='messages_newest_first')],
                'constraints': [models.UniqueConstraint(fields=('key', 'recipient'), name='a_person_gets_each_message_once')],
            },
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=220, unique=True)),
                ('event', models.CharField(max_length=160)),
                ('channel', models.CharField(choices=[('in_app', 'In the desk'), ('email', 'E-mail'), ('robot', 'Group robot')], max_length=10, verbose_name='channel')),
                ('recipient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
                ('robot', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='notifications.robot', verbose_name='group robot')),
                ('text', models.CharField(max_length=300)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('url', models.CharField(max_length=300)),
                ('source', models.CharField(blank=True, max_length=80)),
                ('is_digest', models.BooleanField(default=False)),
                ('calendar', models.TextField(blank=True, db_default='', default='')),
                ('bundle', models.UUIDField(blank=True, null=True)),
                ('message_id', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('leased', 'Being sent'), ('sent', 'Sent'), ('void', 'Withdrawn'), ('dead', 'Not delivered'), ('given_up', 'Given up')], default='waiting', max_length=8, verbose_name='state')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written at')),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now, null=True, verbose_name='next try')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('error', models.TextField(blank=True, verbose_name='what went wrong')),
                ('given_up_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='given up by')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'outgoing message',
                'verbose_name_plural': 'outgoing messages',
                'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='unsent_by_next_try'), models.Index(fields=['source'], name='letters_of_a_source'), models.Index(condition=models.Q(('next_try_at__isnull', False), ('robot__isnull', False)), fields=['robot', 'next_try_at'], name='unsent_of_a_robot'), models.Index(condition=models.Q(('next_try_at__isnull', False), ('is_digest', True)), fields=['recipient', 'next_try_at'], name='unsent_of_a_day'), models.Index(condition=models.Q(('state', 'dead')), fields=['-created_at'], name='dead_messages')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease__isnull', False), ('state', 'leased')), models.Q(models.Q(('state', 'leased'), _negated=True), ('lease__isnull', True)), _connector='OR'), name='a_leased_message_has_its_lease'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='a_sent_message_says_when'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['waiting', 'leased']), ('next_try_at__isnull', False)), models.Q(models.Q(('state__in', ['waiting', 'leased']), _negated=True), models.Q(('next_try_at__isnull', False), _negated=True)), _connector='OR'), name='an_unsent_message_has_its_next_try'), models.CheckConstraint(condition=models.Q(models.Q(('recipient__isnull', False), ('robot__isnull', True)), models.Q(('recipient__isnull', True), ('robot__isnull', False)), _connector='OR'), name='a_letter_goes_to_a_person_or_a_robot'), models.CheckConstraint(condition=models.Q(models.Q(('channel', 'robot'), ('robot__isnull', False)), models.Q(models.Q(('channel', 'robot'), _negated=True), ('robot__isnull', True)), _connector='OR'), name='a_robot_has_a_channel_of_its_own'), models.CheckConstraint(condition=models.Q(models.Q(('given_up_by__isnull', False), ('state', 'given_up'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('state', 'given_up'), _negated=True), ('given_up_by__isnull', True)), _connector='OR'), name='a_letter_is_given_up_by_somebody_for_a_reason'), models.CheckConstraint(condition=models.Q(('is_digest', False), ('channel', 'email'), _connector='OR'), name='only_letters_are_collected')],
            },
        ),
    ]
