// The tasks of multiple-choice questions this build has.

package enum QuestionTasks {
    package static let all: [any QuestionTask] = [
        MMLUTask(), HellaSwagTask(), PIQATask(), BoolQTask(), RACETask(), MultipleChoiceTask(),
        OfficialMMLUTask(),
    ]

    package static func find(_ name: String) -> (any QuestionTask)? {
        all.first { $0.name == name }
    }
}
