"""The exercises of ``course/streamflow``, one file a lesson."""
