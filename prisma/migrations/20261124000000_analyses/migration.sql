-- CreateTable
CREATE TABLE "analyses" (
    "id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "reason" TEXT,
    "reason_detail" TEXT,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "worker_id" TEXT,
    "engine" TEXT,
    "done" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL,
    "result" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "queued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dispatched_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "lease_until" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),

    CONSTRAINT "analyses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "analysis_points" (
    "analysis_id" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "value" DOUBLE PRECISION,
    "accuracy" DOUBLE PRECISION,

    CONSTRAINT "analysis_points_pkey" PRIMARY KEY ("analysis_id","index")
);

-- CreateIndex
CREATE INDEX "analyses_run_id_id_idx" ON "analyses"("run_id", "id");

-- AddForeignKey
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "analysis_points" ADD CONSTRAINT "analysis_points_analysis_id_fkey" FOREIGN KEY ("analysis_id") REFERENCES "analyses"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema language cannot say.

ALTER TABLE "analyses" ADD CONSTRAINT "analyses_state" CHECK ("state" IN (
  'queued', 'running', 'succeeded', 'failed', 'canceled'));
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_live_has_lease" CHECK (
  ("state" = 'running') = ("lease_until" IS NOT NULL));
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_terminal_has_end" CHECK (
  ("state" IN ('succeeded', 'failed', 'canceled')) = ("finished_at" IS NOT NULL));

CREATE INDEX "analyses_queue" ON "analyses" ("queued_at", "id") WHERE "state" = 'queued';
CREATE INDEX "analyses_live" ON "analyses" ("lease_until") WHERE "lease_until" IS NOT NULL;
