// `layerfold eval MODEL --task T`: a task on any checkpoint, without a job.

import ArgumentParser
import Catalogue
import Checkpoint
import Evaluation
import Failures
import Foundation
import Generation
import Jobs
import Locations
import Model
import Runner
import SystemPackage
import TensorMath
import Texts
import Tokenizer

struct EvalCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate a checkpoint on a task, without a job.")

    @OptionGroup var model: ModelArgument
    @Option(help: "A name of `layerfold tasks`.") var task = "perplexity"
    @Option(help: "The task's data: a file or folder; the built-in one where the task has one.")
    var data: String?
    @Option(name: .customLong("set"), help: "A parameter of the task, NAME=VALUE; may be repeated.")
    var settings: [String] = []
    @Option(help: "Examples before each question.") var shots: Int?
    @Option(help: "Questions (of each subject), tokens or documents; see the task.")
    var limit: Int?
    @Option(help: "Draws the questions of --limit at random.") var seed: Int?
    @Option(help: "Tokens the model sees at once.") var window: Int?
    @Option(help: "Step from window to window; the window where left out.") var stride: Int?
    @Option(
        help: "The original's folder: `divergence` needs it, answers are compared with its own.")
    var original: String?
    @Option(help: "f32 | bf16 | auto.") var compute = "f32"
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print each question's log-likelihoods (JSON lines), then the figures.")
    var likelihoods = false

    private struct Listing: Encodable {
        struct Group: Encodable {
            let name: String
            /// nil where it is no number, which JSON does not have.
            let value: Double?
            let stderr: Double?
            let count: Int

            init(_ group: GroupFigure) {
                name = group.name
                value = group.value.ifFinite
                stderr = group.standardError?.ifFinite
                count = group.count
            }
        }

        struct Figure: Encodable {
            let metric: String
            let value: Double?
            let stderr: Double?
            let count: Int
            let categories: [Group]
            let subjects: [Group]

            init(_ figure: TaskFigure) {
                metric = figure.metric
                value = figure.value.ifFinite
                stderr = figure.standardError?.ifFinite
                count = figure.count
                categories = figure.categories.map(Group.init)
                subjects = figure.subjects.map(Group.init)
            }
        }

        let task: String
        let figures: [Figure]
        /// Questions left out and prompts cut.
        let notes: [String]
        let seconds: Double
    }

    private struct QuestionListing: Encodable {
        let subject: String
        let answer: Int
        let loglikelihoods: [Double?]
    }

    func run() throws {
        guard let declaration = Offer.task(task) else {
            let near = Spelling.nearest(to: task, in: Offer.tasks.map(\.name))
            throw Failure(
                .notFound,
                "task `\(task)` is not known; "
                    + (near.map { "did you mean `\($0)`?" } ?? "see `layerfold tasks`"))
        }
        if likelihoods, QuestionTasks.find(task) == nil {
            throw Failure(.usage, "--likelihoods is for tasks that ask questions, not \(task)")
        }
        let parameters = try parameters(of: declaration)
        guard let data = parameters["path"]?.text else {
            throw Failure(.usage, "task \(task) needs --data")
        }
        let located = try model.locate()
        let opened = try ModelArgument.open(located)
        if !Offer.isBuiltIn(data) { _ = try NamedFile.existing(data) }
        do {
            let started = ContinuousClock.now
            let encoder = try PromptEncoder(
                TokenizerFolder.load(opened.checkpoint.sideFiles), opened.checkpoint.sideFiles)
            let mode = try ComputeOption.mode(compute)
            let (figures, notes) = try evaluate(
                opened, at: data, encoder, mode, parameters)
            let seconds = (ContinuousClock.now - started) / .seconds(1)
            let listing = Listing(
                task: task, figures: figures.map(Listing.Figure.init), notes: notes,
                seconds: seconds)
            for note in notes { Terminal.error("layerfold: \(note)") }
            if json { return try Terminal.json(listing) }
            print(listing)
        } catch let failure as Failure {
            throw failure
        } catch is JobStopped {
            throw Failure(StopSignal.status, "stopped")
        } catch {
            throw Failure(.refused, FaultText.describe(error))
        }
    }

    // MARK: Parameters

    /// What was given, checked against the task's declaration, and its defaults.
    private func parameters(of declaration: TaskDeclaration) throws -> Parameters {
        var given: [(name: String, text: String)] = []
        if let data { given.append(("path", NamedFile.expanded(data).string)) }
        for (name, value) in [
            ("shots", shots), ("limit", limit), ("seed", seed), ("window", window),
            ("stride", stride),
        ] {
            if let value { given.append((name, String(value))) }
        }
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw Failure(.usage, "--set \(setting): expected NAME=VALUE")
            }
            given.append((parts[0], parts[1]))
        }
        var parameters = Parameters()
        for (name, text) in given {
            guard let parameter = declaration.parameter(name) else {
                throw Failure(.usage, "task \(task) has no parameter `\(name)`")
            }
            guard let value = ParameterText.value(text, of: parameter.kind) else {
                throw Failure(
                    .refused,
                    "\(name) \(text): expected \(parameter.kind.words)")
            }
            parameters[name] = value
        }
        // Whether one applies depends on those that are declared before it.
        for parameter in declaration.parameters {
            if parameters[parameter.name] != nil, !parameters.allows(parameter),
                let condition = parameter.onlyWith
            {
                throw Failure(
                    .usage, "`\(parameter.name)` is used only with `\(condition.words)`")
            }
            parameters = parameters.completed(with: [parameter])
        }
        return parameters
    }

    // MARK: Evaluation

    private func evaluate(
        _ model: Model, at data: String, _ encoder: PromptEncoder, _ mode: ComputeMode,
        _ parameters: Parameters
    ) throws -> (figures: [TaskFigure], notes: [String]) {
        let display = ProgressDisplay()
        let stop = StopSignal()
        let progress = ProgressReporter(
            listener: { display.show($0) }, stop: { try stop.check() })
        let runner = { (model: Model, contextLength: Int) in
            LikelihoodRunner(
                forward: ForwardPass(weights: model.weights, mode: mode),
                contextLength: contextLength)
        }
        if let task = QuestionTasks.find(task) {
            let contextLength = task.contextLength(of: model.blueprint)
            let prepared = try PreparedQuestions(
                task, at: data, parameters, encoder: encoder, observer: progress
            ).fitting(contextLength: contextLength)
            let notes = prepared.notes(task, contextLength: contextLength)
            guard !prepared.questions.isEmpty else {
                throw EvaluationError.noQuestions(
                    path: data, expected: notes.joined(separator: "; "))
            }
            let before = try originalModel(beside: model).map {
                try runner($0, contextLength).score(prepared.requests, observer: progress)
            }
            let values = try runner(model, contextLength)
                .score(prepared.requests, observer: progress)
            if likelihoods { try list(prepared, values) }
            var figures = prepared.figures(task, values)
            if let before {
                figures += prepared.comparison(task, values, original: before)
            }
            return (figures, notes)
        }
        if let task = GenerationTasks.find(task) {
            return try write(task, model, at: data, encoder, mode, parameters, progress)
        }
        return (try measure(model, at: data, encoder, mode, parameters, runner, progress), [])
    }

    /// nil where no original was named.
    private func originalModel(beside model: Model) throws -> Model? {
        guard let original else { return nil }
        let other = try ModelArgument.open(try ModelArgument.locate(original))
        // Both are asked in the tokens of one tokenizer.
        let sizes = (other.blueprint.vocabularySize, model.blueprint.vocabularySize)
        guard sizes.0 == sizes.1 else {
            throw EvaluationError.vocabulariesDiffer(original: sizes.0, model: sizes.1)
        }
        return other
    }

    /// The tasks that let the model write.
    private func write(
        _ task: any GenerationTask, _ model: Model, at data: String, _ encoder: PromptEncoder,
        _ mode: ComputeMode, _ parameters: Parameters, _ progress: ProgressReporter
    ) throws -> (figures: [TaskFigure], notes: [String]) {
        let prepared = try task.prompts(
            at: data, parameters, encoder: encoder,
            files: model.checkpoint.sideFiles,
            contextLength: model.blueprint.contextLength)
        let stop = try StopTokens(model.checkpoint)
        let texts = StopTexts(prepared.until, encoder.tokenizer)
        func answers(of model: Model) throws -> [Generated] {
            var generator = TextGenerator(
                ForwardPass(weights: model.weights, mode: mode), stop: stop, sampling: .greedy,
                tokensMax: prepared.tokensMax)
            generator.isOver = { try texts.end($0) }
            return try generator.run(prepared.prompts.map(\.tokens), observer: progress)
        }
        let before = try originalModel(beside: model).map(answers)
        let figures = try task.figures(
            prepared, try answers(of: model), original: before, tokenizer: encoder.tokenizer)
        return (figures, prepared.notes)
    }

    /// The tasks that read a text.
    private func measure(
        _ model: Model, at data: String, _ encoder: PromptEncoder, _ mode: ComputeMode,
        _ parameters: Parameters,
        _ runner: (Model, Int) -> LikelihoodRunner, _ progress: ProgressReporter
    ) throws -> [TaskFigure] {
        let text = try CalibrationSet.readText(data)
        let measures = TextMeasures(encoder: encoder, path: data, parameters: parameters)
        let reading = TextMeasures.reading(task: task, parameters)
        if original != nil, reading != .divergence {
            throw Failure(
                .usage, "--original is for divergence and tasks that ask or let write, not \(task)")
        }
        switch reading {
        case .divergence:
            guard let original else {
                throw Failure(.usage, "divergence needs --original, the folder of the original")
            }
            return try Divergence.measure(
                windows: try measures.divergenceWindows(text),
                original: ForwardPass(
                    weights: try ModelArgument.open(try ModelArgument.locate(original)).weights,
                    mode: mode),
                model: ForwardPass(weights: model.weights, mode: mode), observer: progress
            ).figures
        case .windows:
            let windows = try measures.perplexityWindows(text)
            let values = try runner(model, Perplexity.contextLength(of: windows)).score(
                Perplexity.requests(windows), observer: progress)
            return Perplexity.result(windows, likelihoods: values).figures
        case .rolling:
            let rolling = try measures.rolling(text, of: model)
            let values = try runner(model, rolling.contextLength).score(
                rolling.requests, observer: progress)
            return RollingPerplexity.figures(rolling.measure, likelihoods: values)
        }
    }

    // MARK: Printing

    private func list(_ prepared: PreparedQuestions, _ values: [Double]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        for (question, values) in zip(prepared.questions, prepared.grouped(values)) {
            let line = QuestionListing(
                subject: question.subject, answer: question.answer,
                loglikelihoods: values.map(\.ifFinite))
            Terminal.line(String(decoding: try encoder.encode(line), as: UTF8.self))
        }
    }

    private func print(_ listing: Listing) {
        var rows = [["figure", "value", "error", "count"]]
        func add(_ name: String, _ value: Double?, _ error: Double?, _ count: Int) {
            rows.append([
                name, value.map { String(format: "%.6g", $0) } ?? "no number",
                error.map { String(format: "%.3g", $0) } ?? "",
                String(count),
            ])
        }
        for figure in listing.figures {
            add(figure.metric, figure.value, figure.stderr, figure.count)
            for group in figure.categories + figure.subjects {
                add("  " + group.name, group.value, group.stderr, group.count)
            }
        }
        Terminal.table(rows)
        Terminal.line("\(task) in \(ProgressText.duration(listing.seconds))")
    }
}

extension Double {
    fileprivate var ifFinite: Double? { isFinite ? self : nil }
}

/// A parameter as it is written on a command line.
private enum ParameterText {
    /// Nil where the text is not of the kind.
    static func value(_ text: String, of kind: ParameterKind) -> ParameterValue? {
        switch kind {
        case .number(let range):
            Double(text).flatMap { range.contains($0) ? .number($0) : nil }
        case .numberOrWord(let range, let words):
            words.contains(text)
                ? .text(text) : Double(text).flatMap { range.contains($0) ? .number($0) : nil }
        case .integer(let range):
            Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .oneOf(let numbers):
            Int(text).flatMap { numbers.contains($0) ? .integer($0) : nil }
        case .integerOrWord(let range, let words):
            words.contains(text)
                ? .text(text) : Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .choice(let words): words.contains(text) ? .text(text) : nil
        case .flag: Bool(text).map { .flag($0) }
        case .text, .path, .textPath: .text(text)
        case .integers(let range, _):
            integers(text).flatMap { $0.allSatisfy(range.contains) ? .integers($0) : nil }
        }
    }

    private static func integers(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",").map { Int($0) }
        return parts.contains { $0 == nil } ? nil : parts.compactMap { $0 }
    }
}
