import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.findings import (
    Correction,
    Finding,
    NoSuchField,
    Outdated,
    Severity,
    corrected,
    has_errors,
    read,
)

DOCUMENT = {"name": "Acme", "address": {"country": "uk"}, "contacts": [{"phone": "020"}], "a/b": {"~": 1}}


def test_a_pointer_reads_what_is_there():
    assert read(DOCUMENT, "/address/country") == "uk"
    assert read(DOCUMENT, "/contacts/0/phone") == "020"
    assert read(DOCUMENT, "/a~1b/~0") == 1
    assert read(DOCUMENT, "/address/city") is None


@pytest.mark.parametrize(
    "pointer", ["", "name", "/name/x", "/contacts/1", "/contacts/x/phone", "/contacts/²/phone", "/nothing/there"]
)
def test_a_pointer_to_nowhere_is_told(pointer):
    with pytest.raises(NoSuchField):
        read(DOCUMENT, pointer)


def test_a_correction_changes_a_copy():
    made = corrected(DOCUMENT, [Correction("/address/country", "country_code", "uk", "GB", 95)])
    assert made["address"] == {"country": "GB"}
    assert DOCUMENT["address"] == {"country": "uk"}


def test_nothing_that_changed_since_is_overwritten():
    with pytest.raises(Outdated):
        corrected(DOCUMENT, [Correction("/address/country", "country_code", "gb", "GB", 95)])


def test_a_field_that_was_not_there_is_taken_away_again():
    added = Correction("/address/city", "city", None, "London", 60)
    assert corrected(corrected(DOCUMENT, [added]), [added.reversed()]) == DOCUMENT


def test_an_entry_of_a_list_is_replaced():
    fixed = corrected(DOCUMENT, [Correction("/contacts/0", "contact", {"phone": "020"}, {"phone": "+4420"}, 90)])
    assert fixed["contacts"] == [{"phone": "+4420"}]


json = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@given(
    st.dictionaries(st.text(max_size=2), json, min_size=1, max_size=4),
    json.filter(lambda value: value is not None),
    st.data(),
)
def test_what_was_corrected_can_be_taken_back(document, value, draw):
    name = draw.draw(st.sampled_from(sorted(document)))
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    made = Correction(pointer, "any", document[name], value, 50)
    back = corrected(corrected(document, [made]), [made.reversed()])
    assert {key: held for key, held in back.items() if held is not None} == {
        key: held for key, held in document.items() if held is not None
    }


def test_only_errors_keep_a_record_from_passing():
    warning = Finding("/name", "rule", Severity.WARNING, "Odd.")
    assert not has_errors([warning])
    assert has_errors([warning, Finding("/name", "rule", Severity.ERROR, "Missing.", "Acme")])


def test_a_finding_is_stored_and_read_back():
    finding = Finding("/name", "rule", Severity.ERROR, "Missing.", "Acme")
    assert Finding.from_dict(finding.as_dict()) == finding
    assert finding.as_dict()["severity"] == "error"
