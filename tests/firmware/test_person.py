"""What a person sees and presses, by the tables of firmware/README.md."""


def test_on_the_board(device_test):
    device_test()
