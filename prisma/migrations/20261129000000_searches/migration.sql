-- AlterTable
ALTER TABLE "sweeps" ADD COLUMN     "planned_runs" INTEGER;

-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "search_point" JSONB,
ADD COLUMN     "stop_after_epochs" INTEGER;


-- What Prisma's schema language cannot say.

ALTER TABLE "runs" DROP CONSTRAINT "runs_state";
ALTER TABLE "runs" ADD CONSTRAINT "runs_state" CHECK ("state" IN (
  'queued', 'starting', 'running', 'pausing', 'paused', 'recovering', 'waiting_storage', 'waiting_search', 'canceling',
  'succeeded', 'pruned', 'failed', 'canceled'));

-- What the dispatcher looks at of searches: few sweeps and few runs at a time, however many there are.
CREATE INDEX "sweeps_searching" ON "sweeps" ("id") WHERE "planned_runs" IS NOT NULL;
CREATE INDEX "runs_waiting_search" ON "runs" ("sweep_id", "stop_after_epochs") WHERE "state" = 'waiting_search';
