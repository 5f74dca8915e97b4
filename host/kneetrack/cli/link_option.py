"""Where `--link` comes from when it is not given: a variable of the environment.

Who has one band writes nothing and gets `ble:auto`. Who tries things without a band says once
`export KNEETRACK_LINK="sim:squats?valgus=8"`, and every command is one of a simulated leg. Several
links are told apart by spaces.
"""

LINK_VARIABLE = "KNEETRACK_LINK"
