from kneecore import transfers, wire

RECORDS = (
    wire.PACKET_HEADER,
    wire.KNEE_SAMPLE,
    wire.RAW_PAIR,
    wire.FEATURE,
    wire.START,
    wire.SET_SIDE,
    wire.IDENTIFY,
    wire.QUERY,
    wire.CALIBRATION,
    wire.SENSORS,
    wire.STATUS,
    wire.RESUME,
    wire.LIST,
    wire.DELETE,
    wire.SET_TIME,
    wire.FORGET,
    wire.RECORDING,
    transfers.FETCH,
    transfers.ACKNOWLEDGE,
    transfers.DONE,
    wire.ADVERTISED,
)


def test_packets_fit_the_radio():
    payload = wire.MTU - 3
    header = wire.PACKET_HEADER.size
    knee = header + wire.KNEE_SAMPLES_PER_PACKET * wire.KNEE_SAMPLE.size
    raw = header + wire.RAW_PAIRS_PER_PACKET * wire.RAW_PAIR.size
    assert knee <= payload and raw <= payload
    assert knee <= wire.MTU_MIN - 3
    assert knee == 194


def test_commands_and_their_answers_fit_the_smallest_link():
    for _, _, operand, _ in wire.COMMANDS:
        assert operand is None or 1 + operand.size <= wire.MTU_MIN - 3
    assert 3 + wire.CALIBRATION.size <= wire.MTU_MIN - 3
    assert 3 + wire.SENSORS.size <= wire.MTU_MIN - 3
    assert 3 + wire.STATUS.size <= wire.MTU_MIN - 3


def test_every_opcode_result_and_flag_is_its_own():
    for rows in (wire.COMMANDS, wire.RESULTS, wire.FLAGS, transfers.TRANSFERS):
        numbers = [row[0] for row in rows]
        names = [row[1] for row in rows]
        assert len(set(numbers)) == len(numbers)
        assert len(set(names)) == len(names)
    for bit, _, _ in wire.FLAGS:
        assert bit & (bit - 1) == 0 and 0 < bit < 256
    for opcode, _, _, _ in wire.COMMANDS:
        assert opcode < wire.OP_RESPONSE


def test_every_field_says_what_it_means():
    for record in RECORDS:
        assert len({field.name for field in record.fields}) == len(record.fields)
        for field in record.fields:
            assert field.meaning
            if field.name.endswith("_deg"):
                assert field.unit == "deg"
            if field.lsb is not None and field.code != "f":
                assert field.unit or field.lsb in (wire.QUATERNION_LSB, wire.MATRIX_LSB)


def test_angles_and_quaternions_keep_their_resolution():
    packed = wire.KNEE_SAMPLE.pack(
        123.45, -6.78, 9.01, (0.5, -0.5, 0.5, -0.5), (1.0, 0.0, 0.0, 0.0), 3.14
    )
    sample = wire.KNEE_SAMPLE.unpack_from(packed)
    assert abs(sample.flexion_deg - 123.45) < 0.0051
    assert abs(sample.valgus_deg + 6.78) < 0.0051
    assert abs(sample.rotation_deg - 9.01) < 0.0051
    for got, given in zip(sample.q_earth_thigh, (0.5, -0.5, 0.5, -0.5)):
        assert abs(got - given) < 2e-5
    assert sample.q_earth_shank == (1.0, 0.0, 0.0, 0.0)
    assert abs(sample.valgus_sigma_deg - 3.1) < 1e-9


def test_the_characteristics_differ_only_in_their_number():
    uuids = (
        wire.SERVICE_UUID,
        wire.MEASUREMENT_UUID,
        wire.RAW_UUID,
        wire.FEATURE_UUID,
        wire.CONTROL_UUID,
        wire.TRANSFER_UUID,
    )
    assert len(set(uuids)) == 6
    for uuid in uuids:
        assert len(uuid) == 36 and uuid[:4] == "7d1e" and uuid[8:] == uuids[0][8:]
