// `layerfold eval MODEL --task T`: a task on any checkpoint, without a job.

import ArgumentParser
import Engine
import Foundation
import Jobs
import Runner
import SystemPackage

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a checkpoint on a task, without a job.")

    @Argument(help: "A checkpoint folder.") var model: String
    @Option(help: "A name of `layerfold tasks`.") var task = "perplexity"
    @Option(help: "The task's data: a file or folder.") var data: String
    @Option(help: "Tokens the model sees at once.") var window = 512
    @Option(help: "Step from window to window; the window where left out.") var stride: Int?
    @Option(help: "Stop after this many tokens.") var limit: Int?
    @Option(help: "f32 | bf16 | auto.") var compute = "f32"
    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        let task: String
        let perplexity: Double
        let stderr: Double
        let tokens: Int
        let windows: Int
    }

    func run() throws {
        guard task == "perplexity" else {
            throw Failure(.notFound, "task \"\(task)\" is not known; see `layerfold tasks`")
        }
        let opened = try OpenModel.open(model)
        do {
            let tokenizer = try TokenizerFolder.load(FilePath(model))
            let ids = try tokenizer.encode(
                try CalibrationSet.readText(data), addSpecialTokens: false)
            guard ids.count >= 2 else {
                throw EvaluationError.textTooShort(path: data, tokens: ids.count)
            }
            let windows = try Perplexity.windows(
                of: ids, length: window, stride: stride ?? window, limit: limit)
            let measured = try Perplexity.measure(
                windows: windows,
                forward: ForwardPass(
                    weights: opened.weights, mode: try ComputeOption.mode(compute)),
                observer: SilentObserver())
            let listing = Listing(
                task: task, perplexity: measured.perplexity,
                stderr: measured.perplexityStandardError, tokens: measured.tokens,
                windows: measured.windows)
            if json { return try Terminal.json(listing) }
            Terminal.line(
                "perplexity \(listing.perplexity) (standard error \(listing.stderr), "
                    + "\(listing.tokens) tokens in \(listing.windows) windows)")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
