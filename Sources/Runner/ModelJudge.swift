// The evaluations of a job on one of its models, beside the original's.

import Jobs
import Report

struct ModelJudge {
    let job: JobDescription
    /// nil where the job reads no text.
    let evaluations: Evaluations?
    /// Of the original, one for each evaluation of the job.
    let baselines: [Evaluated]
    let progress: ProgressReporter

    /// Figures as the report lists them, and answers that people are shown; what cannot be had is
    /// left out with a warning.
    func judge(
        _ subject: Subject
    ) throws -> (figures: [RunReport.Evaluation], answers: [RunReport.Answer]) {
        guard let evaluations else { return ([], []) }
        let names = EvaluationReport.names(job.evaluate)
        var figures: [RunReport.Evaluation] = []
        var answers: [RunReport.Answer] = []
        for index in job.evaluate.indices {
            let found = try progress.figure("\(names[index]) of \(subject.label)") {
                try evaluations.run(job.evaluate[index], on: subject, beside: baselines[index])
            }
            guard let found else { continue }
            figures += EvaluationReport.entries(
                task: names[index], figures: found.figures, original: baselines[index].figures)
            answers += EvaluationReport.answers(task: names[index], found.shown)
        }
        return (figures, answers)
    }
}
