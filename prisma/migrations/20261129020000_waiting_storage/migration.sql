-- Runs that PostgreSQL had no room for: the dispatcher looks for them every few seconds.
CREATE INDEX "runs_waiting_storage" ON "runs" ("id") WHERE "state" = 'waiting_storage';
