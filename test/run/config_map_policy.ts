/** The example policy with its certificate taken from the ConfigMap `keys` of the namespace `trust`. */
import { readFileSync } from "node:fs";

const example = readFileSync(new URL("../../examples/check-image-notary.yaml", import.meta.url), "utf8");

export const POLICY_BY_CONFIG_MAP = example
  .replace(/cert: \|-\n[\s\S]*?-----END CERTIFICATE-----\n/, 'cert: "{{ keys.data.certificate }}"\n')
  .replace(
    "      verifyImages:\n",
    "      context: [{name: keys, configMap: {name: keys, namespace: trust}}]\n      verifyImages:\n",
  );
