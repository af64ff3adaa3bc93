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
        if !place.json { try announce(starter) }
        let job = JobInForeground(
            description: starter.description, manifest: Array(starter.manifest.text.utf8),
            folder: FilePath("/"), place: place)
        if dryRun { try job.plan() } else { try job.run() }
    }

    private func announce(_ starter: StarterOptions.Resolved) throws {
        let (model, manifest) = (starter.model, starter.manifest)
        Terminal.error(
            "\(manifest.subject), \(NumberText.short(model.parameterCount)) parameters, "
                + NumberText.bytes(model.checkpoint.tensorByteCount))
        Terminal.error("to \(try aim(starter)) by \(manifest.method)")
        Terminal.error("learning from \(manifest.calibration.title)")
    }

    /// What will be left, as far as that can be told before the work.
    private func aim(_ starter: StarterOptions.Resolved) throws -> String {
        let layers = starter.model.blueprint.layers.count
        switch starter.manifest.amount {
        case .ratio(let ratio):
            return "\(layers - (try layersRemoved(ratio: ratio, of: layers))) layers"
        case .budget(let budget):
            let count = starter.budget?.certain.map { "\(layers - $0) layers" }
            return [count, "\(budget)"].compactMap { $0 }.joined(separator: ", ")
        }
    }
}
