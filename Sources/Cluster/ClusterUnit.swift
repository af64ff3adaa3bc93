// The parts that a job is cut into for a cluster. Actions are named by their contents: a job with
// one model and one evaluation makes exactly the actions that the whole job needs of these, so a
// unit of work is a job with a restricted description, and what it leaves in the store is all that
// the others need of it.

package import Jobs

package struct ClusterUnit: Sendable, Equatable, Codable {
    /// Unique in the job, of letters, digits and -; a part of folders and of tokens.
    package let name: String
    /// For people.
    package let title: String
    /// Units that have to be done before.
    package let needs: [String]
    package let scope: UnitScope
    package let description: JobDescription
    /// By the forecast; nil where there is none.
    package let seconds: Double?
    package let peakBytes: Int?

    package init(
        name: String, title: String, needs: [String], scope: UnitScope,
        description: JobDescription, seconds: Double? = nil, peakBytes: Int? = nil
    ) {
        self.name = name
        self.title = title
        self.needs = needs
        self.scope = scope
        self.description = description
        self.seconds = seconds
        self.peakBytes = peakBytes
    }

    private enum CodingKeys: String, CodingKey {
        case name, title, needs, scope, description, seconds
        case peakBytes = "peak_bytes"
    }
}

/// What a forecast says of a job's stages, as `layerfold plan --json` writes it.
package struct ClusterForecast: Sendable, Equatable, Decodable {
    package struct Stage: Sendable, Equatable, Decodable {
        package var name: String
        package var detail: String
        package var seconds: Double
        package var peakBytes: Int?

        package init(name: String, detail: String, seconds: Double, peakBytes: Int? = nil) {
            self.name = name
            self.detail = detail
            self.seconds = seconds
            self.peakBytes = peakBytes
        }

        private enum CodingKeys: String, CodingKey {
            case name, detail, seconds
            case peakBytes = "peak_bytes"
        }
    }

    package var stages: [Stage]

    package init(stages: [Stage]) { self.stages = stages }

    private enum CodingKeys: String, CodingKey { case stages }

    package var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
    package var peakBytes: Int? { stages.compactMap(\.peakBytes).max() }

    /// Of one task on one model.
    func evaluationSeconds(of model: String, _ task: String) -> Double {
        stages.filter { $0.evaluates(model, task) }.reduce(0) { $0 + $1.seconds }
    }

    /// What comes before the first model: stages stand in the order in which they run, and later
    /// ones of the same names are about models.
    private var sharedStages: ArraySlice<Stage> { stages.prefix(while: \.isShared) }

    /// Of what all models share, with the evaluations of the original but for some tasks.
    func sharedSeconds(without tasks: [String]) -> Double {
        sharedStages.filter { stage in
            !tasks.contains { stage.evaluates(JobName.original, $0) }
        }.reduce(0) { $0 + $1.seconds }
    }

    /// Of what all models share, but for evaluations.
    var analysisSeconds: Double {
        sharedStages.filter { $0.name != "evaluate" }.reduce(0) { $0 + $1.seconds }
    }

    /// Of evaluations, which say what they are of.
    var evaluationSeconds: Double {
        stages.filter { $0.name == "evaluate" }.reduce(0) { $0 + $1.seconds }
    }

    /// Of what is written anew each time, whatever the cache holds.
    var writingSeconds: Double {
        stages.filter { ["merge", "quantize", "export"].contains($0.name) }
            .reduce(0) { $0 + $1.seconds }
    }
}

extension ClusterForecast.Stage {
    private static let sharedNames: Set<String> = [
        "digest", "tokenise", "questions", "write", "activations", "embedding", "similarity",
    ]

    fileprivate func evaluates(_ model: String, _ task: String) -> Bool {
        name == "evaluate"
            && (detail == "\(model): \(task)" || detail.hasPrefix("\(model): \(task),"))
    }

    /// Whether it may be a part of the unit `shared`.
    fileprivate var isShared: Bool {
        Self.sharedNames.contains(name)
            || name == "evaluate" && detail.hasPrefix("\(JobName.original): ")
    }
}
