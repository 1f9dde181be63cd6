"""Finding the provider, reading Terraform's errors, linting state machines, and the memory of a stack."""

import json
from pathlib import Path

import pytest

from infra.local import chalice_cli, lint, terraform
from infra.local.stack import LocalCloudError, Options, fingerprint


def a_mirror(root: Path, version: str = "5.100.0") -> Path:
    package = root / terraform.PROVIDER / version / terraform._platform()
    package.mkdir(parents=True)
    (package / f"terraform-provider-aws_v{version}").write_text("")
    return root


def test_a_named_mirror_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_DIR", str(a_mirror(tmp_path)))
    environment = terraform.provider_environment()
    written = Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{tmp_path}"' in written
    monkeypatch.undo()
    terraform.provider_environment()  # leaves the file as it was found


def test_a_named_mirror_without_the_provider_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path))
    with pytest.raises(LocalCloudError, match="TF_PLUGIN_DIR"):
        terraform.provider_environment()


def test_the_users_own_terraform_configuration_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.rc"
    own.write_text("")
    monkeypatch.delenv("TF_PLUGIN_DIR", raising=False)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    assert "TF_CLI_CONFIG_FILE" not in terraform.provider_environment()


def test_of_many_errors_the_first_are_shown() -> None:
    output = "noise\n" + "".join(f"Error: number {number}\n\n  on main.tf\n\n" for number in range(5))
    assert terraform.errors_in(output) == (
        "Error: number 0\n\n  on main.tf\nError: number 1\n\n  on main.tf\n... and 3 more"
    )


def test_a_copy_leaves_the_backend_of_a_real_stage_behind(tmp_path: Path) -> None:
    directory = terraform.copied(tmp_path / "copy")
    assert (directory / "versions.tf").exists()
    assert not (directory / terraform.OVERRIDE).exists()
    assert (tmp_path / "copy" / "statemachines").is_dir()


def test_placeholders_become_plausible_values() -> None:
    template = '{"Seconds": ${timeout_seconds}, "Resource": "arn:${partition}:states:::x", "F": "${orders_tasks_arn}"}'
    assert json.loads(lint.rendered(template)) == {
        "Seconds": 60,
        "Resource": "arn:aws:states:::x",
        "F": "arn:aws:lambda:eu-west-1:123456789012:function:orders_tasks_arn",
    }


@pytest.mark.parametrize(
    "definition",
    [
        {"StartAt": "Nowhere", "States": {"A": {"Type": "Succeed"}}},
        {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
        {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}},
    ],
    ids=["no such start", "no way on", "no resource"],
)
def test_a_broken_state_machine_is_found(definition: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.asl.json").write_text(json.dumps(definition))
    monkeypatch.setattr(lint, "STATE_MACHINES", tmp_path)
    monkeypatch.setattr(lint, "LOCAL", tmp_path)
    assert lint.state_machines()


def test_text_that_is_not_json_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.asl.json").write_text("{")
    monkeypatch.setattr(lint, "STATE_MACHINES", tmp_path)
    monkeypatch.setattr(lint, "LOCAL", tmp_path)
    (found,) = lint.state_machines()
    assert found.startswith("broken.asl.json")


def test_a_fingerprint_changes_with_names_contents_and_words(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    first = fingerprint([folder], "x")
    assert fingerprint([folder], "x") == first
    assert fingerprint([folder], "y") != first
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("")
    assert fingerprint([folder], "x") == first
    (folder / "a.py").write_text("2")
    second = fingerprint([folder], "x")
    (folder / "a.py").rename(folder / "b.py")
    assert len({first, second, fingerprint([folder], "x")}) == 3


def test_only_this_machine_counts_as_local() -> None:
    assert chalice_cli.is_local("http://127.0.0.1:4566")
    assert chalice_cli.is_local("http://localhost:4566")
    assert not chalice_cli.is_local("https://lambda.eu-west-1.amazonaws.com")
    assert not chalice_cli.is_local(None)


def test_an_unknown_emulator_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR", "other")
    with pytest.raises(LocalCloudError, match="EMULATOR=other"):
        Options.from_environment()
