"""Which files a path names."""

from __future__ import annotations

import pytest

from paperknife.errors import PayloadError
from paperknife.events.streams import payload_files


def test_files_of_a_folder_a_glob_and_a_path(tmp_path):
    for name in ("b.json", "sub/a", "sub/_Open.csv", ".hidden.json", "_q/x.json", ".git/y.json", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    (tmp_path / "sub" / "_SUCCESS").write_text("")
    assert payload_files(tmp_path) == [
        tmp_path / "README.md", tmp_path / "b.json", tmp_path / "sub/_Open.csv", tmp_path / "sub/a"]  # fmt: skip
    assert payload_files(str(tmp_path / "*.md")) == [tmp_path / "README.md"]
    assert payload_files(tmp_path / "README.md") == [tmp_path / "README.md"]


def test_nothing_there_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        PayloadError, match=r"The folder .* holds no payload: there is no file in it, or only"
    ):
        payload_files(tmp_path / "empty")
    with pytest.raises(PayloadError, match=r"The pattern .*\*\.xml holds no payload"):
        payload_files(str(tmp_path / "*.xml"))
    with pytest.raises(
        PayloadError, match=r"There is no file or folder .*nowhere.json. Check the path; '-' reads"
    ):
        payload_files(tmp_path / "nowhere.json")
