from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from desk.faces import ClockFace, StageFace, TabFace, TaskFace
from desk.keyset import Page
from desk.refusals import Condition, GateShut, Remedy

pytestmark = pytest.mark.once


def render(source, **context):
    return Template(source).render(Context(context))


class DeliveryForm(forms.Form):
    place = forms.CharField(label="Delivery place", help_text="Street number or berth")
    required_at = forms.DateTimeField(required=False)
    reason = forms.ChoiceField(choices=[("a", "Line stopped"), ("b", "Project")], widget=forms.RadioSelect)
    is_partial = forms.BooleanField(required=False)
    origin = forms.CharField(widget=forms.HiddenInput, required=False)


class TestMarks:
    def test_an_icon_is_silent(self):
        assert render('{% icon "check" "s" %}') == (
            '<svg class="ic ic-s" aria-hidden="true"><use href="/static/desk/icons.svg#check"/></svg>'
        )

    @pytest.mark.parametrize(("language", "glyph"), [("en", "产"), ("zh-hans", "产"), ("zh-hant", "產")])
    def test_the_seal_follows_the_script(self, language, glyph):
        with translation.override(language):
            assert f">{glyph}<" in render('{% seal "production" %}')

    def test_a_chip_escapes_what_somebody_typed(self):
        assert "&lt;b&gt;" in render("{% chip text %}", text="<b>")

    def test_a_name_in_chinese_says_so_in_english_only(self):
        assert render("{{ name|han }}", name="赵明华") == '<span lang="zh-Hans">赵明华</span>'
        assert render("{{ name|han }}", name="Zhao <b>") == "Zhao &lt;b&gt;"
        with translation.override("zh-hans"):
            assert render("{{ name|han }}", name="赵明华") == "赵明华"

    def test_a_person_is_a_mark_and_a_name(self):
        person = SimpleNamespace(pk=5, initial="赵", get_full_name=lambda: "赵明华")
        html = render("{% person person note %}", person=person, note="head")
        assert 'aria-hidden="true"' in html
        assert "赵明华" in html
        assert "head" in html

    def test_nobody_is_nothing(self):
        assert render("{% person person %}", person=None).strip() == ""

    @pytest.mark.parametrize(
        ("percent", "name"), [(-4, "p-0"), (0, "p-0"), (63, "p-65"), (100, "p-100"), (180, "p-100")]
    )
    def test_widths_are_classes_in_steps_of_five(self, percent, name):
        assert render("{{ percent|p }}", percent=percent) == name

    def test_a_qr_code_has_its_size_in_millimetres(self):
        assert 'width="14' in render('{% qr "https://desk/f/K7Q2MX" 14 %}')


class TestFuse:
    def face(self, state, seconds, **changes):
        return ClockFace(state, seconds, 64, timezone.now() + timedelta(seconds=seconds), **changes)

    def test_says_the_clock_in_one_sentence(self):
        html = render("{% fuse face %}", face=self.face("crit", 2580, limit_seconds=7200, label="Review"))
        assert 'role="img" aria-label="Review, 0:43 left, limit 2:00, due ' in html
        assert 'data-s="crit"' in html
        assert "p-65" in html

    def test_counts_up_past_the_limit(self):
        html = render("{% fuse face %}", face=self.face("over", -4320))
        assert "1:12" in html
        assert ">over<" in html
        assert 'data-left="-4320"' in html

    def test_the_page_counts_only_a_running_clock_within_the_shift(self):
        until = datetime(2026, 11, 25, 10, tzinfo=timezone.get_fixed_timezone(0))
        html = render("{% fuse face %}", face=self.face("ok", 60, is_running=True, run_until=until))
        assert 'data-run="1"' in html
        assert f'data-run-until="{int(until.timestamp())}"' in html
        assert 'data-run="0"' in render("{% fuse face %}", face=self.face("pause", 60))

    def test_notches_stand_where_somebody_is_told(self):
        html = render("{% fuse face %}", face=self.face("ok", 60, notches=(40, 90)))
        assert '<i class="p-40"></i><i class="p-90"></i>' in html

    def test_no_clock_draws_nothing(self):
        assert render("{% fuse face %}", face=None).strip() == ""


class TestStagesTabsTasks:
    def test_the_stepper_marks_where_the_order_stands(self):
        stages = [
            StageFace("a", "Identification", "done"),
            StageFace("b", "Review", "now", "0:43", 64),
            StageFace("c", "Qc"),
        ]
        html = render("{% stepper stages %}", stages=stages)
        assert 'aria-label="Progress: step 2 of 3"' in html
        assert html.count('aria-current="step"') == 1
        assert "next Qc" in html

    def test_the_stepper_of_a_finished_order_stands_at_its_end(self):
        html = render("{% stepper stages %}", stages=[StageFace("a", "Settlement", "late")])
        assert "Step 1 of 1" in html
        assert "next" not in html

    def test_a_tab_says_in_words_that_something_waits(self):
        html = render("{% tabs tabs current %}", tabs=[TabFace("room", "Room", "?tab=room", 4, True)], current="room")
        assert 'aria-current="page"' in html
        assert "something waits for you" in html

    def test_only_a_task_of_now_is_a_link(self):
        tasks = [TaskFace("Assess", "done", "/a"), TaskFace("Confirm", "now", "/b"), TaskFace("Approve", "later", "/c")]
        html = render("{% tasks tasks %}", tasks=tasks)
        assert html.count("<a ") == 1
        assert '<a href="/b">Confirm</a>' in html


class TestField:
    def test_label_hint_and_error_belong_to_the_input(self):
        form = DeliveryForm({"place": ""})
        html = render("{% field form.place %}", form=form)
        assert '<label for="id_place">Delivery place' in html
        assert 'aria-describedby="id_place_hint id_place_error"' in html
        assert 'aria-invalid="true"' in html
        assert 'id="id_place_error"' in html
        assert ">required<" in html

    def test_typed_text_comes_back_escaped(self):
        assert "&lt;script&gt;" in render("{% field form.place %}", form=DeliveryForm({"place": "<script>"}))

    def test_times_use_the_browsers_picker_and_its_one_format(self):
        at = datetime(2026, 11, 25, 10, tzinfo=timezone.get_fixed_timezone(0))
        html = render("{% field form.required_at %}", form=DeliveryForm(initial={"required_at": at}))
        assert 'type="datetime-local"' in html
        assert 'value="2026-11-25T18:00"' in html

    def test_what_the_picker_sends_is_understood(self):
        form = DeliveryForm({"place": "x", "reason": "a", "required_at": "2026-11-25T18:00"})
        assert form.is_valid()
        assert timezone.localtime(form.cleaned_data["required_at"]).hour == 18

    def test_radios_are_a_fieldset_of_chips(self):
        html = render("{% field form.reason %}", form=DeliveryForm())
        assert "<fieldset" in html
        assert "<legend>Reason" in html
        assert html.count('type="radio"') == 2
        assert '<label for="id_reason_0">' in html

    def test_a_tick_box_is_inside_its_label(self):
        html = render("{% field form.is_partial %}", form=DeliveryForm())
        assert html.index("<label") < html.index('type="checkbox"') < html.index("</label>")

    def test_a_hidden_field_has_no_label(self):
        assert "<label" not in render("{% field form.origin %}", form=DeliveryForm())


class TestErrorSummary:
    def test_leads_to_each_answer(self):
        html = render("{% error_summary form %}", form=DeliveryForm({}))
        assert "There is a problem with 2 answers" in html
        assert 'href="#id_place"' in html
        assert 'href="#id_reason_0"' in html
        assert 'role="alert"' in html
        assert "data-focus" in html

    def test_is_silent_on_a_fresh_form(self):
        assert render("{% error_summary form %}", form=DeliveryForm()).strip() == ""

    def test_covers_the_rows_of_a_table(self):
        rows = forms.formset_factory(DeliveryForm)(
            {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 0, "form-0-place": "", "form-0-reason": "a"}
        )
        assert 'href="#id_form-0-place"' in render("{% error_summary form rows %}", form=None, rows=rows)


class TestRefusalAndAct:
    def test_a_refusal_says_what_why_what_is_missing_and_who(self):
        refusal = GateShut(
            "This lot cannot go.",
            because="8 pieces",
            missing=[Condition("Inspected", True), "Decide 8 pieces"],
            who=["孙莉"],
            remedy=Remedy("Decide", "/quality/8/"),
        )
        html = render("{% refusal_box refusal %}", refusal=refusal)
        assert html.count(", done<") == 1
        assert html.count(", missing<") == 1
        for part in ("This lot cannot go.", "8 pieces", "孙莉", 'href="/quality/8/"', 'role="alert"'):
            assert part in html

    def test_no_refusal_draws_nothing(self):
        assert render("{% refusal_box refusal %}", refusal=None).strip() == ""

    def test_every_drawing_of_a_form_has_a_key_of_its_own(self):
        keys = [render("{% act_inputs %}", csrf_token="t", version=4) for _ in range(2)]
        assert keys[0] != keys[1]
        assert 'name="version" value="4"' in keys[0]
        assert 'name="version"' not in render("{% act_inputs %}", csrf_token="t", version="")

    def test_version_zero_is_a_version(self):
        assert 'name="version" value="0"' in render("{% act_inputs %}", version=0)


class TestPager:
    def draw(self, query, cursor):
        return render("{% pager page %}", page=Page([], cursor), request=RequestFactory().get("/", query))

    def test_keeps_the_filter(self):
        html = self.draw({"q": "pump", "after": "x"}, "y")
        assert 'href="?q=pump&amp;after=y"' in html
        assert 'href="?q=pump"' in html

    def test_one_page_needs_no_pager(self):
        assert self.draw({}, "").strip() == ""
