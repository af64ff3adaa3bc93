// Stage `evaluate` of a task of questions: the log-likelihoods of all choices, on one model. They
// are kept by model and questions, so that an original is asked once for ever.

import Checkpoint
import Evaluation
import JSON
import Model
import Store

struct AnswerStage: Stage {
    let name = "evaluate"
    let version = LikelihoodRunner.version
    let subject: Subject
    let task: any QuestionTask
    /// Those that fit the model's context, and the digest of all.
    let questions: PreparedQuestions
    let digest: Digest
    let contextLength: Int
    let numerics: Numerics
    private let known = Once<StageNeed>()

    init(
        subject: Subject, task: any QuestionTask, questions: PreparedQuestions, digest: Digest,
        contextLength: Int, numerics: Numerics
    ) {
        self.subject = subject
        self.task = task
        self.questions = questions
        self.digest = digest
        self.contextLength = contextLength
        self.numerics = numerics
    }

    private static let role = "likelihoods"

    var inputs: StageInputs {
        [(role: "model", digest: subject.identity), (role: "questions", digest: digest)]
    }

    var params: KeyJSON { ["numerics": numerics.key, "task": .string(task.name)] }

    var detail: String {
        "\(subject.label): \(task.name), \(questions.questions.count) questions"
    }

    var kind: String { "\(name) \(task.name)" }

    var work: Work { need.work }
    var plannedPeak: Int? { need.peakBytes }

    private var need: StageNeed {
        known {
            WaveCache.need(
                questions.requests, by: subject, contextLength: contextLength, numerics)
        }
    }

    func assumed(_ unknown: StageResult) -> [Double] {
        [Double](repeating: -1, count: questions.requests.count)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let values = try WaveCache(cache: cache, numerics: numerics).score(
            questions.requests, by: subject, contextLength: contextLength)
        var archive = TensorArchive()
        archive.add(Self.role, shape: [values.count], doubles: values)
        try outputs.put(Self.role, archive.bytes, elementBytes: 8)
    }

    /// Of all choices, in order, in nats.
    func decode(_ stored: StageResult) throws -> [Double] {
        guard let values = try stored.archive(Self.role).doubles(Self.role),
            values.count == questions.requests.count
        else { throw stored.lost(Self.role) }
        return values
    }
}
