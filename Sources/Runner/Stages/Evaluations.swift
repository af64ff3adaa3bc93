// The evaluations of a job, one task on one model at a time.

import Catalogue
import Checkpoint
import Evaluation
import Generation
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
    /// To all prompts, in order; empty where the task lets nobody write.
    var answers: [Generated] = []
    /// Those a reader is shown beside the original's.
    var shown: [ShownAnswer] = []
}

/// An answer beside the original's, as text.
struct ShownAnswer {
    let reason: AnswerChoice.Reason
    let prompt: String
    let original: String
    let answer: String
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
            } else if let task = GenerationTasks.find(evaluation.task) {
                _ = try prompts(task, evaluation, path: path)
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
        if let task = GenerationTasks.find(evaluation.task) {
            return try write(task, evaluation, path: path, subject, beside: baseline)
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

    // MARK: Answers that the model writes

    private func prompts(
        _ task: any GenerationTask, _ evaluation: JobDescription.Evaluation, path: String
    ) throws -> PreparedPrompts {
        try task.prompts(
            at: path, evaluation.parameters, encoder: encoder,
            files: original.model.checkpoint.sideFiles,
            contextLength: original.model.blueprint.contextLength)
    }

    private func write(
        _ task: any GenerationTask, _ evaluation: JobDescription.Evaluation, path: String,
        _ subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let prepared = try prompts(task, evaluation, path: path)
        let stop = try StopTokens(original.model.checkpoint)
        for note in prepared.notes { cache.progress.warn(note) }
        if let absence = stop.absence(texts: "answers end after \(prepared.tokensMax) tokens") {
            cache.progress.warn("\(task.name): \(absence)")
        }
        let answers = try cache.run(
            GenerationStage(
                subject: subject, task: task.name, prepared: prepared, stop: stop,
                tokenizer: tokenizer, numerics: numerics))
        // The original's answers are its own.
        let before = baseline?.answers ?? answers
        let figures = try task.figures(
            prepared, answers, original: before, tokenizer: tokenizer.tokenizer)
        return Evaluated(
            figures: figures, answers: answers,
            shown: baseline == nil ? [] : try shown(prepared, answers, original: before))
    }

    private func shown(
        _ prepared: PreparedPrompts, _ answers: [Generated], original: [Generated]
    ) throws -> [ShownAnswer] {
        try AnswerChoice.choices(answers, original: original).map { choice in
            ShownAnswer(
                reason: choice.reason, prompt: prepared.prompts[choice.prompt].text,
                original: try prepared.text(of: original[choice.prompt], tokenizer.tokenizer),
                answer: try prepared.text(of: answers[choice.prompt], tokenizer.tokenizer))
        }
    }
}
