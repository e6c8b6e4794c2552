-- AlterTable
ALTER TABLE "workers" ADD COLUMN     "gpu" JSONB;
