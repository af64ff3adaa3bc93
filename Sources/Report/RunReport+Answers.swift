// What models wrote, in report.json: a few answers beside the original's, for people to read.

extension RunReport {
    package struct Answer: Codable, Sendable, Equatable {
        /// As the figures of the task name it.
        package var task: String
        /// Why it is shown: `usual`, as near to the original's answer as half of all are, or
        /// `repetitive`, of the others the one that repeats itself most.
        package var reason: String
        package var prompt: String
        package var original: String
        package var folded: String

        /// Longer texts are shortened: nobody reads on.
        private static let charactersMax = 4000

        package init(
            task: String, reason: String, prompt: String, original: String, folded: String
        ) {
            self.task = task
            self.reason = reason
            self.prompt = prompt.shortened(to: Self.charactersMax)
            self.original = original.shortened(to: Self.charactersMax)
            self.folded = folded.shortened(to: Self.charactersMax)
        }

        /// For people.
        var title: String {
            switch reason {
            case "usual": "As near to the original as half of all answers"
            case "repetitive": "The answer that repeats itself most"
            default: reason.shortened(to: 60)
            }
        }
    }
}
