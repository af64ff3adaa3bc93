// `layerfold fold MODEL`: one model, folded, with nothing else to be written or known.

import ArgumentParser
import Checkpoint
import Compression
import Jobs
import Model
import Report
import Runner
import SystemPackage

struct FoldCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "fold", abstract: "Fold a model here and now; needs nothing but the model.",
        discussion: """
            What was finished stays in the state folder: the same command after Ctrl-C goes on \
            where it stopped, and another ratio takes the analysis from the cache.
            """)

    @OptionGroup var starter: StarterOptions
    @OptionGroup var place: ForegroundOptions
    @Flag(help: "Only show what it would do and take, as `layerfold plan` does.")
    var dryRun = false

    func run() throws {
        let starter = try starter.resolve()
        if !place.json { try announce(starter.model, starter.manifest) }
        let job = JobInForeground(
            description: starter.description, manifest: Array(starter.manifest.text.utf8),
            folder: FilePath("/"), place: place)
        if dryRun { try job.plan() } else { try job.run() }
    }

    private func announce(_ model: Model, _ manifest: StarterManifest) throws {
        let layers = model.blueprint.layers.count
        let removed = try layersRemoved(ratio: manifest.ratio, of: layers)
        Terminal.error(
            "\(manifest.subject), \(NumberText.short(model.parameterCount)) parameters, "
                + NumberText.bytes(model.checkpoint.tensorByteCount))
        Terminal.error("to \(layers - removed) layers by \(manifest.method)")
        Terminal.error("learning from \(manifest.calibration.title)")
    }
}
