// How a user speaks to a chat model: a message becomes the text that the model goes on from.

package import ChatTemplate
package import DurableIO
import Failures
import JSON
package import Tokenizer

package struct ChatPrompt: Sendable {
    private let template: ChatTemplate
    private let variables: JSONObject
    private let date: TemplateDate?

    /// Nil where the model has no chat template.
    ///
    /// - Parameters:
    ///   - files: of the checkpoint.
    ///   - date: for templates that ask for today's.
    /// - Throws: `ChatTemplateError` for a template that cannot be read.
    package init?(_ files: SideFiles, date: TemplateDate? = nil) throws {
        guard let template = try ChatTemplateFolder.find(in: files) else { return nil }
        self.template = template
        variables = try ChatTemplateFolder.specialTokens(in: files)
        self.date = date
    }

    /// The same on a day that stays: what a model says to it is compared for ever. Templates of
    /// Llama 3 name that day by themselves.
    package static func undated(_ files: SideFiles) throws -> ChatPrompt? {
        try ChatPrompt(files, date: TemplateDate(year: 2024, month: 7, day: 26))
    }

    /// The same, where a template that cannot be used is no reason to stop.
    ///
    /// - Returns: nil, and why, where the model has one that this build cannot read or render.
    package static func usable(_ files: SideFiles) -> (chat: ChatPrompt?, problem: String?) {
        do {
            guard let chat = try undated(files) else { return (nil, nil) }
            _ = try chat.text("Hello")
            return (chat, nil)
        } catch {
            return (nil, "the chat template cannot be used: \(FaultText.describe(error))")
        }
    }

    /// A user's turn, up to where the answer begins.
    /// - Throws: `ChatTemplateError` where the template refuses it.
    package func text(_ message: String, system: String? = nil) throws -> String {
        let messages =
            (system.map { [ChatTemplate.message(role: "system", content: $0)] } ?? [])
            + [ChatTemplate.message(role: "user", content: message)]
        return try template.render(
            messages: messages, addGenerationPrompt: true, variables: variables, date: date)
    }

    /// The same as tokens. The template writes the special tokens itself.
    package func tokens(
        _ message: String, system: String? = nil, by tokenizer: Tokenizer
    ) throws -> [Int32] {
        try tokenizer.encode(try text(message, system: system), addSpecialTokens: false)
    }
}
