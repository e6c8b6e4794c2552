/** What the tfjs engine computes on; why it cannot start is said with the engines. */
import { type Found, type TfjsBackend, findTensorFlow } from "@pclab/engine-tfjs";
import { type Finding, fine, note } from "./finding.js";

export const examineTensorFlow = (
  backend: TfjsBackend,
  found: Found = findTensorFlow(),
): Finding[] => {
  if (backend === "cpu") {
    return [
      note(
        "TensorFlow",
        "PCLAB_TFJS_BACKEND=cpu: the tfjs engine computes in plain JavaScript, for a try; unset it to use TensorFlow",
      ),
    ];
  }
  return "packageName" in found
    ? [fine("TensorFlow", `the tfjs engine loads ${found.packageName}`)]
    : [];
};
