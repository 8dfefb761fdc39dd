// desk.js - the page of the desk as a tab of JupyterLab: in the launcher, in the command palette and beside nbgrader's panels.
//
// JupyterLab loads an extension as a container of webpack's module federation. This one is small enough to be written by
// hand: `init` gets the modules that JupyterLab shares, `get` gives the plug-in.
(() => {
  const COMMAND = "dla-desk:open";
  let shared;

  /** The newest version that JupyterLab shares of the module `name`. */
  async function load(name) {
    const versions = Object.entries(shared[name]).sort(([a], [b]) => b.localeCompare(a, undefined, { numeric: true }));
    return (await versions[0][1].get())();
  }

  function panel(Widget, address) {
    const tab = new Widget();
    tab.id = "dla-desk";
    tab.title.label = "Cohort";
    tab.title.caption = "Who handed in, who is stuck, which mistake how many made";
    tab.title.closable = true;
    const frame = document.createElement("iframe");
    frame.title = "Cohort";
    frame.src = address;
    frame.style.cssText = "width: 100%; height: 100%; border: 0";
    tab.node.append(frame);
    return tab;
  }

  async function plugin() {
    const [{ Widget }, { ICommandPalette }, { ILauncher }, { IMainMenu }, { PageConfig, URLExt }] = await Promise.all(
      ["@lumino/widgets", "@jupyterlab/apputils", "@jupyterlab/launcher", "@jupyterlab/mainmenu", "@jupyterlab/coreutils"]
        .map(load));
    return {
      id: "dla-desk:plugin",
      description: "The cohort's desk",
      autoStart: true,
      optional: [ICommandPalette, ILauncher, IMainMenu],
      activate(app, palette, launcher, menu) {
        let tab = null;
        app.commands.addCommand(COMMAND, {
          label: "Cohort",
          caption: "Who handed in, who is stuck, which mistake how many made",
          execute: () => {
            if (!tab || tab.isDisposed) {
              tab = panel(Widget, URLExt.join(PageConfig.getBaseUrl(), "dla/desk"));
              app.shell.add(tab, "main");
            }
            app.shell.activateById(tab.id);
          },
        });
        palette?.addItem({ command: COMMAND, category: "nbgrader" });
        launcher?.add({ command: COMMAND, category: "Other", rank: 0 });
        menu?.viewMenu.addGroup([{ command: COMMAND }], 100);
      },
    };
  }

  (window._JUPYTERLAB ??= {})["dla-desk"] = {
    init: async (scope) => { shared = scope; },
    get: async (name) => {
      if (name !== "./extension") throw new Error(`dla-desk has no module ${name}`);
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
