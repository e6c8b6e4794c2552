-- A sweep's turn is what a worker claimed of it. When work was handed out says nothing of that.
ALTER TABLE "sweeps" RENAME COLUMN "last_dispatched_at" TO "last_claimed_at";
UPDATE "sweeps" SET "last_claimed_at" = NULL;
