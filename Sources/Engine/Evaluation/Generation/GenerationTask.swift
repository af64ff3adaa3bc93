// A task that lets a model write, as a value: how its files become prompts, and which figures come
// out of the answers.

package import Catalogue
package import DurableIO
package import Generation
package import Texts
package import Tokenizer

/// A prompt, ready to be gone on with.
package struct Prompt: Sendable, Equatable {
    /// As a reader sees it.
    package var text: String
    /// What the model reads.
    package var tokens: [Int32]
    /// What a right answer comes to; empty where no answer is right.
    package var target = ""

    package init(text: String, tokens: [Int32], target: String = "") {
        self.text = text
        self.tokens = tokens
        self.target = target
    }
}

/// The prompts of a task, and how long and how far a model goes on.
package struct PreparedPrompts: Sendable, Equatable {
    package var prompts: [Prompt]
    /// Of an answer, at the most.
    package var tokensMax: Int
    /// Texts that end an answer, and are no part of it.
    package var until: [String] = []
    /// What readers of the figures have to know, such as prompts that were cut.
    package var notes: [String] = []

    package init(_ prompts: [Prompt], tokensMax: Int) {
        self.prompts = prompts
        self.tokensMax = tokensMax
    }

    /// What an answer says, up to the first text that ends it.
    package func text(of answer: Generated, _ tokenizer: Tokenizer) throws -> String {
        try StopTexts(until, tokenizer).cut(answer.tokens)
    }
}

package protocol GenerationTask: Sendable {
    /// As the catalogue lists it.
    var name: String { get }

    /// Whether prompts are a user's turns, where the model knows such.
    var usesChatTemplate: Bool { get }

    /// Reads the prompts; at least one.
    ///
    /// - Parameters:
    ///   - chat: how a user speaks to the model; nil where it goes on from plain text.
    ///   - contextLength: tokens that the model holds, its answer among them.
    func prompts(
        at path: String, _ parameters: Parameters, encoder: PromptEncoder, chat: ChatPrompt?,
        contextLength: Int
    ) throws -> PreparedPrompts

    /// - Parameter original: the original model's answers; nil where nobody asked it.
    func figures(
        _ prepared: PreparedPrompts, _ answers: [Generated], original: [Generated]?,
        tokenizer: Tokenizer
    ) throws -> [TaskFigure]
}

extension GenerationTask {
    /// Reads the prompts as the model of these files reads them. A chat template that cannot be
    /// used leaves plain text, with a note.
    package func prompts(
        at path: String, _ parameters: Parameters, encoder: PromptEncoder, files: SideFiles,
        contextLength: Int
    ) throws -> PreparedPrompts {
        let (chat, problem) = usesChatTemplate ? ChatPrompt.usable(files) : (nil, nil)
        var prepared = try prompts(
            at: path, parameters, encoder: encoder, chat: chat, contextLength: contextLength)
        if let problem { prepared.notes.append("\(name): prompts are plain text: \(problem)") }
        return prepared
    }
}

/// The tasks that this build has.
package enum GenerationTasks {
    package static let all: [any GenerationTask] = [OpenPromptsTask(), GSM8KTask()]

    package static func find(_ name: String) -> (any GenerationTask)? {
        all.first { $0.name == name }
    }
}
