import type { SecretBox } from "./secretBox.js";
import type { TargetNetwork } from "./targets.js";

/** What routes and sender have to agree on. */
export interface WebhookSettings {
  secrets: SecretBox;
  /** Where messages may go. */
  networks: readonly TargetNetwork[];
}
