// SPDX-License-Identifier: Apache-2.0
import "../shared/style/tokens.css";
import "../shared/style/base.css";
import "./style/page.css";
import "./style/site.css";
import "./style/log.css";
import "./style/proof.css";
import "./style/print.css";
import { render } from "preact";
import { Api } from "../shared/api";
import {
  Memory,
  type Storage,
  SturdyStorage,
  VolatileStorage,
} from "../shared/memory";
import { Model } from "./model";
import { loadSettings } from "./settings";
import { App } from "./view/app";

/** localStorage, or a stand-in where the browser does not give it. */
function openStorage(): { storage: Storage; keeps: boolean } {
  try {
    const probe = "strongroom/v1/probe";
    localStorage.setItem(probe, probe);
    localStorage.removeItem(probe);
    return { storage: new SturdyStorage(localStorage), keeps: true };
  } catch {
    return { storage: new VolatileStorage(), keeps: false };
  }
}

const { storage, keeps } = openStorage();
const settings = loadSettings(storage, navigator.languages);
document.documentElement.dataset["theme"] = settings.theme;
const model = new Model(new Api(), new Memory(storage), keeps);
const root = document.getElementById("page");
if (root !== null) {
  render(<App model={model} storage={storage} initial={settings} />, root);
}
void model.start();
