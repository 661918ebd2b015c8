from django.db import migrations, models


def store_means(apps, schema_editor):
    """What stood in three columns stands in one."""
    Plan = apps.get_model("production", "Plan")
    for plan in Plan.objects.select_related("extra_slot_at").iterator():
        means = {
            "has_overtime": plan.has_overtime, "has_overlap": plan.has_overlap,
            "extra_slot_at": plan.extra_slot_at.code if plan.extra_slot_at else "",
        }
        means = {name: value for name, value in means.items() if value}
        if means:
            Plan.objects.filter(pk=plan.pk).update(means=means)


class Migration(migrations.Migration):

    dependencies = [
        ("production", "0002_goes_before"),
    ]

    operations = [
        migrations.AddField("plan", "means", models.JSONField(default=dict, verbose_name="means")),
        migrations.RunPython(store_means, migrations.RunPython.noop),
    ]
