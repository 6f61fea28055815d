"""The brokers: one library a file, each behind domain.links; a library is imported when its subscriber is opened, never before."""
