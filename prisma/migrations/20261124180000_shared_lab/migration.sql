-- AlterTable
ALTER TABLE "users" ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "hard_limit" INTEGER,
ADD COLUMN     "requests_per_minute" INTEGER,
ADD COLUMN     "soft_limit" INTEGER,
ADD COLUMN     "active_since" TIMESTAMPTZ(3),
ADD COLUMN     "usage_raise" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "usage_raised_at" TIMESTAMPTZ(3),
ADD COLUMN     "weight" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "tokens" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "last_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "scope" TEXT NOT NULL DEFAULT 'admin';
-- Tokens made so far could do everything there was.
ALTER TABLE "tokens" ALTER COLUMN "scope" DROP DEFAULT;

-- AlterTable
ALTER TABLE "sweeps" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "last_dispatched_at" TIMESTAMPTZ(3),
ADD COLUMN     "notes" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "paused_at" TIMESTAMPTZ(3),
ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "priority_class" TEXT NOT NULL DEFAULT 'normal',
ADD COLUMN     "shared" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "duplicate_of" TEXT,
ADD COLUMN     "estimated_seconds" DOUBLE PRECISION,
ADD COLUMN     "event_sequence" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "exclusive" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "notes" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "preempt_requested_at" TIMESTAMPTZ(3),
ADD COLUMN     "results_of" TEXT,
ADD COLUMN     "spec_sha256" BYTEA,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "test_accuracy" DOUBLE PRECISION,
ADD COLUMN     "test_loss" DOUBLE PRECISION,
ADD COLUMN     "train_accuracy" DOUBLE PRECISION,
ADD COLUMN     "train_loss" DOUBLE PRECISION,
ADD COLUMN     "train_seconds" DOUBLE PRECISION,
ADD COLUMN     "validation_accuracy" DOUBLE PRECISION,
ADD COLUMN     "validation_loss" DOUBLE PRECISION;

-- AlterTable
ALTER TABLE "attempts" ADD COLUMN     "slots" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "user_id" TEXT;
UPDATE "attempts" SET "user_id" = "runs"."user_id", "slots" = "runs"."slots" FROM "runs" WHERE "runs"."id" = "attempts"."run_id";
ALTER TABLE "attempts" ALTER COLUMN "user_id" SET NOT NULL;

-- AlterTable
ALTER TABLE "workers" ADD COLUMN     "drain_requested_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "run_events" (
    "run_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "sweep_id" TEXT NOT NULL,
    "transaction_id" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_events_pkey" PRIMARY KEY ("run_id","sequence")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "user_id" TEXT NOT NULL,
    "token_id" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_entries_user_id_id_idx" ON "audit_entries"("user_id", "id");

-- CreateIndex
CREATE INDEX "runs_sweep_id_id_idx" ON "runs"("sweep_id", "id");

-- CreateIndex
CREATE INDEX "runs_user_id_spec_sha256_idx" ON "runs"("user_id", "spec_sha256");

-- AddForeignKey
ALTER TABLE "run_events" ADD CONSTRAINT "run_events_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema language cannot say.

ALTER TABLE "users" ADD CONSTRAINT "users_share" CHECK (
  "weight" > 0 AND "soft_limit" >= 0 AND "hard_limit" >= 0 AND "requests_per_minute" > 0);
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_scope" CHECK ("scope" IN ('read', 'submit', 'operate', 'admin'));
ALTER TABLE "sweeps" ADD CONSTRAINT "sweeps_class" CHECK ("priority_class" IN ('urgent', 'normal', 'scavenger'));
UPDATE "runs" SET "exclusive" = true WHERE "spec"->>'timing' = 'exclusive';

-- The last value of each metric that a list shows.
UPDATE "runs" SET
  "train_loss" = (last.values->>'train_loss')::float8, "train_accuracy" = (last.values->>'train_accuracy')::float8,
  "validation_loss" = (last.values->>'validation_loss')::float8, "validation_accuracy" = (last.values->>'validation_accuracy')::float8,
  "test_loss" = (last.values->>'test_loss')::float8, "test_accuracy" = (last.values->>'test_accuracy')::float8,
  "train_seconds" = (last.values->>'train_seconds')::float8
FROM (SELECT run_id, jsonb_object_agg(name, value) AS values FROM (
        SELECT DISTINCT ON (run_id, name) run_id, name, value FROM metrics
        WHERE layer = 0 ORDER BY run_id, name, weight_update DESC) AS newest
      GROUP BY run_id) AS last
WHERE last.run_id = "runs"."id";

-- The line in the dispatcher's groups, and what of it the queue was told of.
CREATE INDEX "runs_waiting" ON "runs" ("user_id", "sweep_id", "exclusive", "queued_at", "index_in_sweep")
  INCLUDE ("estimated_seconds") WHERE "state" = 'queued';
CREATE INDEX "runs_dispatched" ON "runs" ("dispatched_at") WHERE "state" = 'queued' AND "dispatched_at" IS NOT NULL;
CREATE INDEX "runs_by_validation_accuracy" ON "runs" ("user_id", "validation_accuracy" DESC NULLS LAST, "id")
  WHERE "deleted_at" IS NULL;
CREATE INDEX "runs_tags" ON "runs" USING gin ("tags") WHERE "deleted_at" IS NULL;
CREATE INDEX "runs_deleted" ON "runs" ("deleted_at") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "sweeps_deleted" ON "sweeps" ("deleted_at") WHERE "deleted_at" IS NOT NULL;
-- Slot-seconds of the last days, and of the work under way.
CREATE INDEX "attempts_ended" ON "attempts" ("ended_at") INCLUDE ("user_id", "slots", "started_at")
  WHERE "ended_at" IS NOT NULL;
CREATE INDEX "attempts_open" ON "attempts" ("user_id") WHERE "ended_at" IS NULL;
CREATE INDEX "analyses_finished" ON "analyses" ("finished_at") WHERE "started_at" IS NOT NULL;
-- A sweep's stream.
CREATE INDEX "run_events_of_sweep" ON "run_events" ("sweep_id", "transaction_id", "run_id", "sequence")
  WHERE "transaction_id" IS NOT NULL;
CREATE INDEX "run_events_news" ON "run_events" ("transaction_id") WHERE "transaction_id" IS NOT NULL;
