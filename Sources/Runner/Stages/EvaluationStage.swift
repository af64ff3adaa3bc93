// Stage `evaluate`: one task on one model. Results are kept by model and task, so that an
// original is evaluated once for ever.

import Catalogue
import Checkpoint
import Evaluation
import Foundation
import JSON
import Jobs
import Model
import Store
import SystemPackage
import Texts

/// A model to be judged, with what names it in keys.
struct Subject {
    let model: Model
    let identity: Digest
    /// `original`, or the id of a result.
    let label: String
}

/// What a task found out about a model.
struct Evaluated {
    /// The leading one first.
    let figures: [TaskFigure]
    /// Of all choices, in order; empty where the task asks no questions.
    var likelihoods: [Double] = []
}

struct EvaluationStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics
    let data: RootResolver
    let tokenizer: IdentifiedTokenizer
    let encoder: PromptEncoder
    let original: Subject

    /// - Parameter baseline: the same of the original; nil for the original itself.
    func run(
        _ evaluation: JobDescription.Evaluation, on subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let path = try data.resolve(evaluation.parameters.text("path")).path.string
        if let task = QuestionTasks.find(evaluation.task) {
            return try ask(task, evaluation, path: path, subject, beside: baseline)
        }
        return Evaluated(figures: try read(evaluation, path: path, subject))
    }

    /// Reads the data of all evaluations, so that what is wrong with them is told before anything
    /// long is computed.
    func check(_ evaluations: [JobDescription.Evaluation]) throws {
        for evaluation in evaluations {
            let path = try data.resolve(evaluation.parameters.text("path")).path.string
            if let task = QuestionTasks.find(evaluation.task) {
                _ = try prepare(task, evaluation, path: path)
            } else {
                _ = try CalibrationSet.readText(path)
            }
        }
    }

    // MARK: Questions

    private func prepare(
        _ task: any QuestionTask, _ evaluation: JobDescription.Evaluation, path: String
    ) throws -> StoredQuestions {
        try QuestionStage(cache: cache, progress: progress).prepare(
            task, at: path, evaluation.parameters, tokenizer: tokenizer, encoder: encoder)
    }

    private func ask(
        _ task: any QuestionTask, _ evaluation: JobDescription.Evaluation, path: String,
        _ subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let questions = try prepare(task, evaluation, path: path)
        let contextLength = task.contextLength(of: subject.model.blueprint)
        let prepared = questions.prepared.fitting(contextLength: contextLength)
        for note in prepared.notes(task, contextLength: contextLength) { progress.warn(note) }
        guard !prepared.questions.isEmpty else {
            throw EvaluationError.noQuestions(
                path: path, expected: "choices of at most \(contextLength) tokens")
        }
        let request = StageRequest(
            name: "evaluate", version: 2,
            inputs: [
                (role: "model", digest: subject.identity),
                (role: "questions", digest: questions.digest),
            ],
            params: ["numerics": numerics.key, "task": .string(task.name)],
            detail: "\(subject.label): \(task.name), \(prepared.questions.count) questions")
        let likelihoods = try kept(request, count: prepared.requests.count) {
            try score(prepared.requests, subject, contextLength: contextLength)
        }
        var figures = prepared.figures(task, likelihoods)
        // A fold leaves the context as it is, so that both were asked the same questions.
        if let baseline {
            figures += prepared.comparison(
                task, likelihoods, original: baseline.likelihoods)
        }
        return Evaluated(figures: figures, likelihoods: likelihoods)
    }

    /// The log-likelihoods of a request, computed or found.
    private func kept(
        _ request: StageRequest, count: Int, _ compute: () throws -> [Double]
    ) throws -> [Double] {
        let role = "likelihoods"
        let result = try cache.run(request) { outputs in
            let values = try compute()
            var archive = TensorArchive()
            archive.add(role, shape: [values.count], doubles: values)
            try outputs.put(role, archive.bytes, elementBytes: 8)
        }
        guard
            let values = try cache.archive(result, role, stage: request.name).doubles(role),
            values.count == count
        else { throw StageInputLost(stage: request.name, role: role) }
        return values
    }

    private func score(
        _ requests: [LikelihoodRequest], _ subject: Subject, contextLength: Int
    ) throws -> [Double] {
        try waves.score(
            requests,
            LikelihoodRunner(
                forward: ForwardPass(weights: subject.model.weights, mode: numerics.mode),
                contextLength: contextLength), model: subject.identity)
    }

    private var waves: WaveCache {
        WaveCache(cache: cache, progress: progress, numerics: numerics)
    }

    /// The figures of a request, computed or found.
    private func figures(
        _ request: StageRequest, _ compute: () throws -> [TaskFigure]
    ) throws -> [TaskFigure] {
        let result = try cache.run(request) { outputs in
            try outputs.put("figures", json: try compute())
        }
        let bytes = try cache.bytes(result, "figures", stage: request.name)
        return try SortedJSON.value([TaskFigure].self, bytes)
    }

    // MARK: Texts

    private func read(
        _ evaluation: JobDescription.Evaluation, path: String, _ subject: Subject
    ) throws -> [TaskFigure] {
        let parameters = evaluation.parameters
        let text = try CalibrationSet.readText(path)
        let names = parameters.values.keys.filter { $0 != "path" }
        var inputs: [(role: String, digest: Digest)] = [
            (role: "model", digest: subject.identity),
            (role: "tokenizer", digest: tokenizer.digest),
            (role: "text", digest: Digest(of: text)),
        ]
        if evaluation.task == "divergence" {
            inputs.append((role: "original", digest: original.identity))
        }
        let request = StageRequest(
            name: "evaluate", version: 4, inputs: inputs,
            params: [
                "numerics": numerics.key, "parameters": parameters.canonical(Array(names)),
                "task": .string(evaluation.task),
            ],
            detail: "\(subject.label): \(evaluation.task)")
        return try figures(request) {
            try figures(
                text,
                TextMeasures(encoder: encoder, path: path, parameters: parameters),
                TextMeasures.reading(task: evaluation.task, parameters), subject)
        }
    }

    private func figures(
        _ text: String, _ measures: TextMeasures, _ reading: TextMeasures.Reading,
        _ subject: Subject
    ) throws -> [TaskFigure] {
        switch reading {
        case .divergence:
            return try DivergenceWaves(waves: waves, original: original).measure(
                try measures.divergenceWindows(text), of: subject
            ).figures
        case .windows:
            let windows = try measures.perplexityWindows(text)
            let likelihoods = try score(
                Perplexity.requests(windows), subject,
                contextLength: Perplexity.contextLength(of: windows))
            return Perplexity.result(windows, likelihoods: likelihoods).figures
        case .rolling:
            let rolling = try measures.rolling(text, of: subject.model)
            return RollingPerplexity.figures(
                rolling.measure,
                likelihoods: try score(
                    rolling.requests, subject, contextLength: rolling.contextLength))
        }
    }
}
