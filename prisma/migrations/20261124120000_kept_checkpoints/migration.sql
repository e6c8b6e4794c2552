-- AlterTable
ALTER TABLE "checkpoints" ADD COLUMN     "kept" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "analyses" ADD COLUMN     "checkpoint_id" TEXT,
ADD COLUMN     "estimated_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE "analyses" ALTER COLUMN "estimated_seconds" DROP DEFAULT;

-- AddForeignKey
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_checkpoint_id_fkey" FOREIGN KEY ("checkpoint_id") REFERENCES "checkpoints"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What Prisma's schema language cannot say.

-- An analysis of a checkpoint looks at a network that stays.
CREATE INDEX "analyses_of_checkpoint" ON "analyses" ("checkpoint_id") WHERE "checkpoint_id" IS NOT NULL;
