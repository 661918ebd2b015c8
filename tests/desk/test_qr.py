from desk.qr import svg


def test_qr_is_as_large_as_asked_and_carries_no_style():
    markup = svg("https://desk.example/f/K7Q2MX", 14)
    assert 'width="14.0mm"' in markup
    assert "style=" not in markup
    assert "<script" not in markup


def test_qr_differs_with_its_text():
    assert svg("a") != svg("b")
