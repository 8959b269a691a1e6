// SPDX-License-Identifier: Apache-2.0
// Drawn for 16 × 16, in the colour of the text around. Always beside words or
// with a label of their own.

import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const Verified = () =>
  icon(
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="m5.4 8.2 1.8 1.8 3.4-3.8" />
    </>,
  );

/** Octagon with a cross: differs in shape, not in colour alone. */
export const Refuted = () =>
  icon(
    <>
      <path
        d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4z"
        fill="currentColor"
      />
      <path class="icon-cut" d="m5.75 5.75 4.5 4.5m0-4.5-4.5 4.5" />
    </>,
  );

export const Unproven = () =>
  icon(
    <>
      <path d="M8 2 14.5 13.5h-13z" />
      <path d="M8 6.5v3.2m0 1.9v.1" />
    </>,
  );

export const Unknown = () =>
  icon(<circle cx="8" cy="8" r="6.25" stroke-dasharray="2 2.4" />);

export const Checking = () =>
  icon(
    <>
      <circle cx="8" cy="8" r="6.25" opacity=".3" />
      <path class="spin" d="M8 1.75A6.25 6.25 0 0 1 14.25 8" />
    </>,
  );

export const Warning = Unproven;

export const Key = () =>
  icon(
    <>
      <circle cx="5" cy="11" r="3.25" />
      <path d="m7.4 8.6 6-6m-2.2 2.2 2 2M9.3 6.7l1.4 1.4" />
    </>,
  );

export const Live = () =>
  icon(
    <>
      <circle cx="8" cy="8" r="1.5" fill="currentColor" stroke="none" />
      <path d="M4.6 11.4a4.8 4.8 0 0 1 0-6.8m6.8 0a4.8 4.8 0 0 1 0 6.8M2.6 13.4a7.6 7.6 0 0 1 0-10.8m10.8 0a7.6 7.6 0 0 1 0 10.8" />
    </>,
  );

export const Lost = () =>
  icon(
    <>
      <path d="M2 2l12 12" />
      <path d="M4.6 11.4a4.8 4.8 0 0 1-.3-6.4m6.8-.7a4.8 4.8 0 0 1 .9 6M2.6 13.4A7.6 7.6 0 0 1 1.9 3.5M13.4 2.6a7.6 7.6 0 0 1 .9 9.7" />
    </>,
  );

export const Pause = () => icon(<path d="M5.5 3v10m5-10v10" />);
export const Play = () => icon(<path d="M5 3v10l7.5-5z" />);
export const Chevron = () => icon(<path d="m6 3.5 4.5 4.5L6 12.5" />);
export const Sun = () =>
  icon(
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1.2v1.3m0 11v1.3M1.2 8h1.3m11 0h1.3M3.2 3.2l.9.9m7.8 7.8.9.9m0-9.6-.9.9m-7.8 7.8-.9.9" />
    </>,
  );
export const Moon = () =>
  icon(<path d="M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2z" />);
export const HalfMoon = () =>
  icon(
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
    </>,
  );
export const Keyboard = () =>
  icon(
    <>
      <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
      <path d="M4 6.7h.1m2.6 0h.1m2.5 0h.1m2.6 0h.1M4 9.8h.1m7.9 0h.1M6.2 9.8h3.6" />
    </>,
  );
export const Link = () =>
  icon(
    <>
      <path d="M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3A2.6 2.6 0 0 0 9 3.3L7.9 4.4" />
      <path d="M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l1.1-1.1" />
    </>,
  );
export const Save = () =>
  icon(<path d="M8 2.5v7.2M4.8 6.9 8 10.1l3.2-3.2M2.5 13.5h11" />);
export const Copy = () =>
  icon(
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.2" />
      <path d="M10.5 3.2V2.5h-8v8h.8" />
    </>,
  );
export const Print = () =>
  icon(
    <>
      <path d="M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2" />
      <path d="M4.5 9.5h7v4h-7z" />
    </>,
  );
export const Again = () =>
  icon(
    <>
      <path d="M13 8a5 5 0 1 1-1.5-3.6" />
      <path d="M13.2 2v2.9h-2.9" />
    </>,
  );

export const Mark = () => (
  <svg
    class="brand-mark"
    viewBox="0 0 24 24"
    width="24"
    height="24"
    aria-hidden="true"
    focusable="false"
  >
    <rect x="1.5" y="1.5" width="21" height="21" rx="5" fill="currentColor" />
    <circle
      class="brand-cut"
      cx="12"
      cy="12"
      r="6.2"
      fill="none"
      stroke-width="1.8"
    />
    <path
      class="brand-cut"
      d="M12 12V8.2M12 12l3.3 1.9M12 12l-3.3 1.9"
      fill="none"
      stroke-width="1.8"
      stroke-linecap="round"
    />
  </svg>
);
