import { z } from "zod";

export const timeSchema = z.iso.datetime().meta({ description: "RFC 3339, UTC" });
