"""The audit trail in an auditor's hands: exported, proven offline, compared with what is live."""
