"""The session log: everything that was received, in one MCAP file, as it arrived."""

from kneetrack.sessionlog.reader import SessionLog, read_log, read_session
from kneetrack.sessionlog.writer import SessionWriter, new_log_path, user_data_dir

__all__ = [
    "SessionLog",
    "SessionWriter",
    "new_log_path",
    "read_log",
    "read_session",
    "user_data_dir",
]
