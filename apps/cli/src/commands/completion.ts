import { Argument, type Command } from "commander";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.js";
import { type Session, type World, action } from "../session.js";

export const completionCommand = (program: Command, world: World): void => {
  program
    .command("completion")
    .summary("what bash, zsh or fish reads to complete pclab")
    .description(
      "What a shell reads to complete pclab, ids included:\n\n" +
        "  source <(pclab completion bash)       in ~/.bashrc\n" +
        "  source <(pclab completion zsh)        in ~/.zshrc, behind compinit\n" +
        "  pclab completion fish | source        in ~/.config/fish/config.fish",
    )
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action(action(world, async ({ print }: Session, shell: Shell) => print(SCRIPTS[shell])));
};
