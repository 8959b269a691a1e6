// SPDX-License-Identifier: Apache-2.0
import { parseOrigin } from "../../shared/verify/checkpoint";
import { useText } from "./context";

/** A log by its short name: site and stream, the generation when it is not the
 * first. */
export function LogName({ origin }: { origin: string }) {
  const text = useText();
  const name = parseOrigin(origin);
  if (name === undefined) return <code>{origin}</code>;
  const { site, stream, generation } = name;
  return (
    <span class="log-name" title={origin}>
      <span class="log-site">{text.word("site", site)}</span>{" "}
      {text.word("stream", stream)}
      {generation !== "1" && (
        <span class="minor">
          {" "}
          {text.t("log.generation", { n: generation })}
        </span>
      )}
    </span>
  );
}
