"""The exercises of ``course/landcover``, one file a lesson."""
