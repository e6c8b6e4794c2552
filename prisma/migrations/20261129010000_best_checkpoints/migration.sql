-- AlterTable
ALTER TABLE "checkpoints" ADD COLUMN     "best" BOOLEAN NOT NULL DEFAULT false;
