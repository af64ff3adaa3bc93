// The evaluations of a job, one task on one model at a time.

import Catalogue
import Evaluation
import Jobs
import Locations
import Model
import Report
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

extension Subject {
    /// The model of a job, before anything is done to it.
    init(_ original: IdentifiedModel) {
        self.init(
            model: original.model, identity: original.digest, label: RunReport.Similarity.original)
    }
}

/// What a task found out about a model.
struct Evaluated {
    /// The leading one first.
    let figures: [TaskFigure]
    /// Of all choices, in order; empty where the task asks no questions.
    var likelihoods: [Double] = []
}

struct Evaluations {
    let cache: StageCache
    let numerics: Numerics
    let data: PathScope
    let tokenizer: IdentifiedTokenizer
    let original: Subject
    private var encoder: PromptEncoder { tokenizer.encoder }

    /// Reads the data of all evaluations, so that what is wrong with them is told before anything
    /// long is computed.
    func check(_ evaluations: [JobDescription.Evaluation]) throws {
        for evaluation in evaluations {
            let path = try path(evaluation)
            if let task = QuestionTasks.find(evaluation.task) {
                _ = try questions(task, evaluation, path: path)
            } else {
                _ = try CalibrationSet.readText(path)
            }
        }
    }

    /// - Parameter baseline: the same of the original; nil for the original itself.
    func run(
        _ evaluation: JobDescription.Evaluation, on subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let path = try path(evaluation)
        if let task = QuestionTasks.find(evaluation.task) {
            return try ask(task, evaluation, path: path, subject, beside: baseline)
        }
        return Evaluated(
            figures: try cache.run(
                try TextStage(
                    evaluation, path: path, on: subject, original: original, tokenizer: tokenizer,
                    encoder: encoder, numerics: numerics)))
    }

    private func path(_ evaluation: JobDescription.Evaluation) throws -> String {
        try data.data(evaluation.parameters.text("path"))
    }

    private func questions(
        _ task: any QuestionTask, _ evaluation: JobDescription.Evaluation, path: String
    ) throws -> StoredQuestions {
        try cache.run(
            try QuestionStage(
                task, at: path, evaluation.parameters, tokenizer: tokenizer, encoder: encoder,
                cache.progress))
    }

    private func ask(
        _ task: any QuestionTask, _ evaluation: JobDescription.Evaluation, path: String,
        _ subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let questions = try questions(task, evaluation, path: path)
        let contextLength = task.contextLength(of: subject.model.blueprint)
        let prepared = questions.prepared.fitting(contextLength: contextLength)
        for note in prepared.notes(task, contextLength: contextLength) { cache.progress.warn(note) }
        guard !prepared.questions.isEmpty else {
            throw EvaluationError.noQuestions(
                path: path, expected: "choices of at most \(contextLength) tokens")
        }
        let likelihoods = try cache.run(
            AnswerStage(
                subject: subject, task: task, questions: prepared, digest: questions.digest,
                contextLength: contextLength, numerics: numerics))
        var figures = prepared.figures(task, likelihoods)
        // A fold leaves the context as it is, so that both were asked the same questions.
        if let baseline {
            figures += prepared.comparison(task, likelihoods, original: baseline.likelihoods)
        }
        return Evaluated(figures: figures, likelihoods: likelihoods)
    }
}
