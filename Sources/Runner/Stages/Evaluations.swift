// The evaluations of a job, one task on one model at a time.

import Catalogue
import Checkpoint
import DurableIO
import Evaluation
import Failures
import Generation
import JSON
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
    /// Of what the model was asked: figures of two models compare where both were asked the same.
    let asked: Digest
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
    /// - Throws: `InputChanged` where the original was asked something else.
    func run(
        _ evaluation: JobDescription.Evaluation, on subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let path = try readAgain(evaluation.parameters.text("path"), beside: baseline) {
            try self.path(evaluation)
        }
        if let task = QuestionTasks.find(evaluation.task) {
            return try ask(task, evaluation, path: path, subject, beside: baseline)
        }
        if let task = GenerationTasks.find(evaluation.task) {
            return try write(task, evaluation, path: path, subject, beside: baseline)
        }
        let stage = try unchanged(path, beside: baseline, \TextStage.textDigest) {
            try TextStage(
                evaluation, path: path, on: subject, original: original, tokenizer: tokenizer,
                encoder: encoder, numerics: numerics)
        }
        return Evaluated(figures: try cache.run(stage), asked: stage.textDigest)
    }

    /// What a model is asked, if the original was asked the same: files are read anew for each
    /// model, and hours lie between the original and the last one.
    ///
    /// - Parameters:
    ///   - files: what is read, for people.
    ///   - digest: of all that is asked.
    private func unchanged<Asked>(
        _ files: String, beside baseline: Evaluated?, _ digest: (Asked) -> Digest,
        read: () throws -> Asked
    ) throws -> Asked {
        let asked = try readAgain(files, beside: baseline, read)
        let now = digest(asked)
        if let expected = baseline?.asked, now != expected {
            throw InputChanged(
                file: files,
                found: "sha256 \(now.hex.prefix(12))…, expected \(expected.hex.prefix(12))…, by "
                    + "which the original was judged")
        }
        return asked
    }

    /// What `read` finds. What could be read for the original is readable, or it changed.
    private func readAgain<Value>(
        _ files: String, beside baseline: Evaluated?, _ read: () throws -> Value
    ) throws -> Value {
        do {
            return try read()
        } catch let changed as InputChanged {
            throw changed
        } catch let error where baseline != nil && FailureClass(of: error) == .user {
            throw InputChanged(
                file: files, found: "it can no longer be read (\(FaultText.describe(error)))")
        }
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
        let questions = try unchanged(path, beside: baseline, \StoredQuestions.digest) {
            try self.questions(task, evaluation, path: path)
        }
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
        // A fold leaves the context as it is: the same questions fit both.
        if let baseline {
            figures += prepared.comparison(task, likelihoods, original: baseline.likelihoods)
        }
        return Evaluated(
            figures: figures, asked: questions.digest, likelihoods: likelihoods)
    }

    // MARK: Answers that the model writes

    private func prompts(
        _ task: any GenerationTask, _ evaluation: JobDescription.Evaluation, path: String
    ) throws -> AskedPrompts {
        AskedPrompts(
            prepared: try task.prompts(
                at: path, evaluation.parameters, encoder: encoder,
                files: original.model.checkpoint.sideFiles,
                contextLength: original.model.blueprint.contextLength),
            stop: try StopTokens(original.model.checkpoint))
    }

    private func write(
        _ task: any GenerationTask, _ evaluation: JobDescription.Evaluation, path: String,
        _ subject: Subject, beside baseline: Evaluated?
    ) throws -> Evaluated {
        let folder = original.model.checkpoint.sideFiles.folder
        let asked = try unchanged(
            "\(path), or chat template or generation_config.json of \(folder)", beside: baseline,
            \AskedPrompts.digest
        ) { try prompts(task, evaluation, path: path) }
        let (prepared, stop) = (asked.prepared, asked.stop)
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
            figures: figures, asked: asked.digest, answers: answers,
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

/// Prompts, and where answers to them end.
private struct AskedPrompts {
    let prepared: PreparedPrompts
    let stop: StopTokens
    /// Of all that answers, and their figures, depend on besides the model.
    let digest: Digest

    init(prepared: PreparedPrompts, stop: StopTokens) {
        self.prepared = prepared
        self.stop = stop
        let prompts = prepared.prompts.map { prompt -> KeyJSON in
            var bytes = TokenBytes()
            bytes.append(prompt.tokens)
            return [
                "target": .string(prompt.target), "text": .string(prompt.text),
                "tokens": .string(Digest(of: bytes.bytes).hex),
            ]
        }
        let contents: KeyJSON = [
            "prompts": .array(prompts),
            "stop": .array(stop.ids.sorted().map { .integer(Int($0)) }),
            "tokens": .integer(prepared.tokensMax),
            "until": .array(prepared.until.map { .string($0) }),
        ]
        digest = contents.digest
    }
}
