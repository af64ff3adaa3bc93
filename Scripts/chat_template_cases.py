"""Templates, conversations and snippets for make_chat_template_goldens.py. All written here."""

SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
                  "pad_token": "<pad>"}


def user(content):
    return {"role": "user", "content": content}


def system(content):
    return {"role": "system", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather", "description": "Tells the weather <now> & \"here\".",
        "parameters": {
            "type": "object", "required": ["place"],
            "properties": {
                "place": {"type": "string", "description": "Where, as in Zürich"},
                "days": {"type": "integer", "default": 1, "minimum": 0.5},
                "unit": {"type": ["string", "null"], "enum": ["C", "F"]},
            },
        },
    },
}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "call00001", "type": "function",
     "function": {"name": "weather", "arguments": {"place": "Zürich", "days": 2}}}]}

CONVERSATIONS = [
    {"messages": [user("Hello")], "prompt": True},
    {"messages": [user("Hello")], "prompt": False},
    {"messages": [system("Be brief."), user("What is 2 + 2?")], "prompt": True},
    {"messages": [user("Hi"), assistant("Hello!"), user("  How are you?\n")], "prompt": True},
    {"messages": [system(" \n"), user("a"), assistant("b"), user("c"), assistant("d\n\n")],
     "prompt": False},
    {"messages": [user("")], "prompt": True},
    {"messages": [user("{{ bos_token }} {% if %} {# no #} }} %}"), assistant("\\n 'q' \"q\" <b>&"),
                  user("naïve 日本語 🙂 e\u0301 \u200b\u00a0")], "prompt": True},
    {"messages": [user("a"), user("b")], "prompt": True},
    {"messages": [assistant("first")], "prompt": True},
    {"messages": [user("q"), {"role": "oracle", "content": "odd"}], "prompt": True},
    {"messages": [user("x"), system("late")], "prompt": True},
    {"messages": [], "prompt": True},
    {"messages": [system("Use tools."), user("Weather?"), CALL,
                  {"role": "tool", "name": "weather", "tool_call_id": "call00001",
                   "content": "{\"sky\": \"grey\"}"}, assistant("Grey.")],
     "tools": [WEATHER], "prompt": True},
    {"messages": [user("Weather?")], "tools": [WEATHER, WEATHER], "prompt": True},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "part"},
                                               {"type": "text", "text": " two"}]}],
     "prompt": True},
    {"messages": [user("think"), assistant("<think>\nwell\n</think>\n\nyes"), user("more")],
     "prompt": True, "variables": {"enable_thinking": False}},
    {"messages": [{"role": "user"}], "prompt": True},
    {"messages": [user(None)], "prompt": False},
]

FAMILIES = {
    "chatml": """{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{% endif %}
""",
    "smol": """{%- set intro = "You are a small helper made for tests." -%}
{%- for turn in messages -%}
    {%- if loop.first and turn.role != "system" -%}
        <|im_start|>system
{{ intro }}<|im_end|>
{% endif -%}
    <|im_start|>{{ turn.role }}
{% if turn.role == "assistant" %}{% generation %}{{ turn.content }}<|im_end|>{% endgeneration %}

{% else %}{{ turn.content }}<|im_end|>
{% endif %}
{%- endfor -%}
{{- "<|im_start|>assistant\\n" if add_generation_prompt -}}
""",
    "llama2": """{% if messages and messages[0]['role'] == 'system' %}
{% set rest = messages[1:] %}
{% set note = '<<SYS>>\\n' ~ messages[0]['content'].strip() ~ '\\n<</SYS>>\\n\\n' %}
{% else %}
{% set rest = messages %}
{% set note = false %}
{% endif %}
{% for m in rest %}
{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('Turns of user and assistant must alternate, found ' ~ m.role) }}
{% endif %}
{% set text = note ~ m['content'] if loop.index0 == 0 and note is not false else m['content'] %}
{% if m['role'] == 'user' %}
{{ bos_token + '[INST] ' + text | trim + ' [/INST]' }}
{% elif m['role'] == 'assistant' %}
{{ ' ' + text | trim + ' ' + eos_token }}
{% endif %}
{% endfor %}
""",
    "llama3": """{{- bos_token }}
{%- if date_string is not defined %}{% set date_string = strftime_now("%d %b %Y") %}{% endif %}
{#- The first message may be for the system. #}
{%- if messages | length > 0 and messages[0].role == 'system' %}
    {%- set told = messages[0].content | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set told = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" + told + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
        {{- message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if message.tool_calls | length != 1 %}
            {{- raise_exception("one call at a time") }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + call.name + '", ' }}
        {{- '"parameters": ' }}{{ call.arguments | tojson }}{{ "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if tools %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": """{%- if messages and messages[0]["role"] == "system" -%}
    {%- set told = messages[0]["content"] -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- set asked = turns | selectattr("role", "equalto", "user") | list -%}
{%- set ns = namespace(index=0) -%}
{%- for m in turns -%}
    {%- if not (m.role == "tool" or (m.tool_calls is defined and m.tool_calls is not none)) -%}
        {%- if (m["role"] == "user") != (ns.index % 2 == 0) -%}
            {{- raise_exception("After the optional system message, roles must alternate user/assistant") -}}
        {%- endif -%}
        {%- set ns.index = ns.index + 1 -%}
    {%- endif -%}
{%- endfor -%}
{{- bos_token -}}
{%- for m in turns -%}
    {%- if m.role == "user" -%}
        {%- if tools is not none and (m == asked[-1]) -%}
            {{- "[AVAILABLE_TOOLS] [" -}}
            {%- for tool in tools -%}
                {%- set tool = tool.function -%}
                {{- '{"type": "function", "function": {' -}}
                {%- for key, val in tool.items() if key != "return" -%}
                    {%- if val is string -%}
                        {{- '"' + key + '": "' + val + '"' -}}
                    {%- else -%}
                        {{- '"' + key + '": ' + val | tojson -}}
                    {%- endif -%}
                    {%- if not loop.last -%}{{- ", " -}}{%- endif -%}
                {%- endfor -%}
                {{- "}}" -}}
                {%- if not loop.last -%}{{- ", " -}}{%- else -%}{{- "]" -}}{%- endif -%}
            {%- endfor -%}
            {{- "[/AVAILABLE_TOOLS]" -}}
        {%- endif -%}
        {%- if loop.last and told is defined -%}
            {{- "[INST] " + told + "\\n\\n" + m["content"] + "[/INST]" -}}
        {%- else -%}
            {{- "[INST] " + m["content"] + "[/INST]" -}}
        {%- endif -%}
    {%- elif m.tool_calls is defined and m.tool_calls is not none -%}
        {{- "[TOOL_CALLS] [" -}}
        {%- for call in m.tool_calls -%}
            {%- set out = call.function | tojson -%}
            {{- out[:-1] -}}
            {%- if call.id is not defined or call.id | length != 9 -%}
                {{- raise_exception("Ids of calls have nine characters") -}}
            {%- endif -%}
            {{- ', "id": "' + call.id + '"}' -}}
            {{- "]" + eos_token if loop.last else ", " -}}
        {%- endfor -%}
    {%- elif m["role"] == "assistant" -%}
        {{- " " + m["content"] | trim + eos_token -}}
    {%- elif m["role"] == "tool" -%}
        {%- if m.content is defined and m.content.content is defined -%}
            {%- set content = m.content.content -%}
        {%- else -%}
            {%- set content = m.content -%}
        {%- endif -%}
        {{- '[TOOL_RESULTS] {"content": ' + content | string + ", " -}}
        {{- '"call_id": "' + m.tool_call_id + '"}[/TOOL_RESULTS]' -}}
    {%- else -%}
        {{- raise_exception("Only user and assistant roles are known, not " ~ m["role"]) -}}
    {%- endif -%}
{%- endfor -%}
""",
    "gemma": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {{ raise_exception('A system role is not known') }}
{%- endif -%}
{% for message in messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Roles must alternate user/model/user/model') }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = 'model' -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception('What is this content?') }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
""",
    "phi3": """{% for message in messages %}{% if message['role'] in ['user', 'system', 'assistant'] and message['content'] %}{{'<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "qwen": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\nYou may call these functions.\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n<tool_call>\\n{\\"name\\": <name>, \\"arguments\\": <object>}\\n</tool_call><|im_end|>\\n" }}
{%- else %}
    {%- if messages and messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(searching=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thoughts = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thoughts)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
                {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
""",
    "deepseek": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, told='', is_first_told=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_told %}{% set ns.told = ns.told + message['content'] %}{% set ns.is_first_told = false %}{%- else %}{% set ns.told = ns.told + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.told }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['tool_calls'] is defined and message['tool_calls'] is not none %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}{{'<｜Assistant｜><｜calls｜>' + tool['type'] + '<｜sep｜>' + tool['function']['name'] + '\\n' + '```json' + '\\n' + tool['function']['arguments'] | tojson + '\\n' + '```'}}{%- set ns.is_first = true -%}{%- else %}{{'\\n' + tool['function']['name']}}{%- endif %}{%- endfor %}{%- elif message['role'] == 'assistant' %}{%- if ns.is_tool %}{{'<｜outputs end｜>' + message['content'] + eos_token}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + eos_token}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{'<｜output｜>' + message['content'] + '<｜output end｜>'}}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<｜outputs end｜>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜>'}}{% endif %}""",
    "macros": """{%- macro shape(spec, level=0) -%}
    {%- set pad = '  ' * level -%}
    {%- if spec.type == 'object' -%}
        {{- '{\\n' -}}
        {%- for name, field in spec.properties | dictsort -%}
            {{- pad ~ '  ' ~ name ~ ('' if name in spec.get('required', []) else '?') ~ ': ' -}}
            {{- shape(field, level + 1) -}}
            {{- ',\\n' if not loop.last else '\\n' -}}
        {%- endfor -%}
        {{- pad ~ '}' -}}
    {%- elif spec.enum is defined -%}
        {{- spec.enum | map('tojson') | join(' | ') -}}
    {%- elif spec.type is string -%}
        {{- spec.type -}}
    {%- elif spec.type is iterable -%}
        {{- spec.type | join('|') -}}
    {%- else -%}
        any
    {%- endif -%}
{%- endmacro -%}
{%- macro turn(role, content='', end='<|end|>') %}<|{{ role }}|>{{ content }}{{ end }}
{% endmacro -%}
{%- for tool in tools or [] %}
type {{ tool.function.name | title }} = {{ shape(tool.function.parameters) }};
{% endfor -%}
{%- for message in messages if message.role != 'oracle' %}
    {%- if message.content is none %}{% continue %}{% endif %}
    {%- if message.role == 'tool' %}{% break %}{% endif %}
    {{- turn(message.role, message.content, end=eos_token) }}
{%- else -%}
nothing said
{%- endfor %}
{{- turn('assistant', end='') if add_generation_prompt }}
""",
}

CONTEXT = {
    "n": 3, "zero": 0, "neg": -7, "f": 2.5, "big": 1e16, "tiny": 0.00001, "yes": True, "no": False,
    "nothing": None, "s": "Hello, World", "u": "héllo 日本 🙂", "blank": " \n a b \t\n",
    "empty": "", "q": "it's \"so\"", "xs": [1, 2, 3, 4, 5], "words": ["b", "A", "c", "B", "a"],
    "none_list": [None, True, 1.0, "x", [1, {"k": "v"}]],
    "d": {"b": 1, "a": 2, "C": 3, "items": "shadow", "get": 5},
    "people": [{"name": "Ann", "age": 30, "tags": ["x"], "in": {"deep": 1}},
               {"name": "bob", "age": 25, "tags": []}, {"name": "Cat", "age": 30}],
    "pairs": [[1, "one"], [2, "two"]], "nested": {"a": {"b": [10, {"c": "deep"}]}},
}

SNIPPETS = []


def add(*sources):
    SNIPPETS.extend(sources)


def show(*expressions):
    SNIPPETS.extend("{{ " + expression + " }}" for expression in expressions)


# Text and white space.
add("", "plain", "a\n", "a\n\n", "\n", "a\r\nb\rc\n", "{", "a { b } c % } #}", "{{ 1 }}\n", "{{ 1 }}\n\n",
    "{% if 1 %}\nx\n{% endif %}\ny", "  {% if 1 %}  \n  x\n  {% endif %}\n", "a  {% if 1 %}b{% endif %}  c",
    "a\n  {%- if 1 %}\n b {%- endif %}\n", "a\n  {%+ if 1 %}\n b\n {%+ endif %}", "{% if 1 +%}\nx{% endif %}",
    "{% if 1 -%}\n\n x {% endif -%}\n\n y", "a {{- 1 -}} b", "a {{- 1 }} b\n{{ 2 -}}\n c", "a\n {{ 1 }}\n {{ 2 }}",
    "a {# c #} b", "a\n  {# c #}\nb", "a {#- c -#} b", "a {#+ c +#}\n b", "{# a\n{% x %} {{ y #}z", "a{#-#}b",
    "\t {% set x = 1 %}\n\t {% set y = 2 %}\nz", "\u00a0{% if 1 %}x{% endif %}", "{%if 1%}x{%endif%}{{1}}",
    "{% for i in [1,2] %}\n  {{ i }}\n{% endfor %}\nend", "{% for i in [1,2] -%}\n  {{ i }}\n{%- endfor %}\nend",
    "  {% set x %}\n  a\n  {% endset %}\n[{{ x }}]", "{%- set x -%}\n  a\n  {%- endset -%}\n[{{ x }}]",
    "  {% macro m() %}\n  a\n  {% endmacro %}\n[{{ m() }}]", "{%- macro m() -%} a {%- endmacro -%} [{{ m() }}]",
    "x {% generation %}\n a \n{% endgeneration %}\n y", "x {%- generation -%} a {%- endgeneration -%} y",
    "{% for i in xs %}{% if i == 2 %}\n  {% continue %}\n{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ {'a':{}} }}", "{{'}}'}}", "{{ '%}' }}{% if '%}' %}x{% endif %}",
    "{% if 1: %}x{% elif 2: %}y{% else: %}z{% endif %}", "{{ 1\n+\n2 }}", "a\n{{- '' }}\nb\n{%- if 1 %}{% endif %}\nc",
    "  {{ 1 }}  {% if 1 %}  {% endif %}  ", "{% if 1 %}a{% endif %}\n\n{% if 1 %}b{% endif %}\n", "x\n\n\n{%- if 1 -%}\n\n\ny{% endif %}")
# Literals and how they are printed.
show("'a' 'b' \"c\"", r"'\n\t\\\'\"\x41\u00e9\U0001F642\101\q'", "1_000", "0x1F", "0o17", "0b101", "1.5e3", "1e5", "1e-7",
     "1.0", "100000000000000000.0", "1e16", "1e15", "123456789.123", "0.1 + 0.2", "1e300 * 1e10", "-0.0", "True", "none", "[1, 'a', none, true, 1.0]",
     "(1,)", "()", "(1, 2)", "1, 2", "{'a': 1, 2: 'b', none: 3, true: 4}", "{1: 'a', 1.0: 'b', true: 'c'}", "[1, 2,]", "{'a': 1,}",
     "none_list", "d", "u", "[u, q, 'it\\'s', '\"', '\\n\\t\\r\\x00\\x7f\\u200b\\ud7ff\\xa0\\\\']", "['e\\u0301', '\\u00e9']", "big", "tiny", "f", "10 ** 2", "2 ** -1", "range(3)",
     "range(1, 10, 2)", "range(3)|list", "d.keys()", "nested.a.items()", "d.values()", "nested.items()|list", "undefined_thing", "[undefined_thing]", "1.e5 is defined", "1.5.real")
# Operators and precedence.
show("1 + 2 * 3", "(1 + 2) * 3", "7 // 2", "-7 // 2", "neg % 3", "7 % -3", "7.5 % 2", "-7.5 // 2", "7 / 2", "6 / 2", "2 ** 3 ** 2", "-2 ** 2", "2 ** -1",
     "- 3 | abs", "-3|abs", "(-3)|abs", "-n|abs", "+n", "- -n", "not n", "not not n", "not n == 3", "not n in xs", "n not in xs", "n in xs == true",
     "1 < 2 < 3", "1 < 3 < 2", "3 > 2 >= 2 != 1", "1 == 1.0", "true == 1", "'a' < 'b'", "[1, 2] < [1, 3]", "(1, 2) == (1, 2)", "[1] == (1,)", "'a' == 'A'",
     "n ~ s ~ none ~ true ~ 1.0", "1 ~ 2 + 3", "'a' ~ 'b' * 2", "'ab' * 3", "3 * 'ab'", "[1] * 2", "[1] + [2]", "(1,) + (2,)", "'a' * -1", "true + true",
     "n and s", "zero and s", "zero or s", "zero or empty or none", "n or s and no", "not zero and n", "'a' in 'abc'", "'' in ''", "'d' in 'abc'", "'a' in d", "2 in (1, 2)",
     "n if yes", "n if no", "(n if no) is undefined", "1 if no else 2 if no else 3", "n if yes else s | upper", "(n if yes else s) | string", "'x' if undefined_thing else 'y'",
     "n is odd and n is not even", "n is divisibleby 3", "n is divisibleby(2)", "n is eq 3", "n == 3 is true", "s is string == true", "n is defined or foo.bar", "n is not none", "n is number", "yes is number",
     "yes is integer", "n is integer", "f is float", "yes is boolean", "d is mapping", "xs is sequence", "d is sequence", "s is iterable", "n is iterable", "nothing is none", "undefined_thing is undefined",
     "undefined_thing is none", "undefined_thing is sequence", "undefined_thing is iterable", "undefined_thing is callable", "range is callable", "s is lower", "'abc' is lower", "'ABC 1' is upper", "'1' is upper",
     "n is in xs", "n is not in [1]", "s is eq('x')", "n is gt 2", "n is lessthan 2", "n is ge 3", "n is ne 3", "n is == 3", "xs is mapping", "yes is true", "n is true", "no is false", "nothing is false",
     "d.keys() is sequence", "d.keys() is iterable", "xs|map('string') is iterable", "xs|map('string') is sequence", "n + 1 is even", "- 1 is number", "2 * 3 is eq 6", "n is odd ~ 'x'",
     "undefined_thing == undefined_other", "undefined_thing == none", "undefined_thing ~ 'x'", "undefined_thing in [1]", "'a' in undefined_thing", "1 in nothing", "1 + 'a'", "'a' + 1", "undefined_thing + 1",
     "nothing + 1", "1 / 0", "1 // 0", "1 % 0", "'a' < 1", "-s", "xs + 1", "9223372036854775807", "undefined_thing < 1", "d < d", "1 in 'abc'", "0.1 + 0.7", "1 == none", "none < none", "5 * 1.1", "7.0 // 2", "1e3 % 7")
# Attributes, items, slices.
show("d.b", "d['b']", "d.items", "d['items']", "d['get']", "d.get('b')", "d.get('zz')", "d.get('zz', 7)", "d.missing", "d['missing']", "d.missing is defined", "d.missing.more", "nested.a.b[1].c",
     "nested['a']['b'][1]['c']", "nested.a.b.0", "nested.a.b.1.c", "xs[0]", "xs[-1]", "xs[9]", "xs['a']", "xs[9] is defined", "xs.foo", "s[0]", "s[-1]", "s[99]", "u[7]", "s.foo", "n.foo", "nothing.foo", "nothing['foo']",
     "nothing.foo is defined", "undefined_thing.foo", "undefined_thing['foo']", "xs[true]", "xs[1.0]", "xs[:2]", "xs[2:]", "xs[-2:]", "xs[:-1]", "xs[::2]", "xs[::-1]", "xs[3:0:-1]", "xs[-1:-4:-2]", "xs[10:]", "xs[:10]", "xs[5:2]", "xs[2:4:1]",
     "xs[none:2]", "s[1:4]", "s[::-1]", "u[6:]", "u[::-1]", "(1, 2, 3)[1:]", "s[:zero]", "xs[zero:]", "xs[:n][1:][0]", "xs[::0]", "d[1:2]", "n[1:2]", "undefined_thing[1:]", "people[0].name", "people[-1]['age']", "people[0].in.deep", "people[0]['in']['deep']",
     "(xs)[0]", "[1, 2][1]", "{'a': 1}.a", "'abc'.upper()", "'abc'[1]", "xs[n - 1]", "xs[-n:][0]", "range(5)[2]", "range(5)[9] is defined", "xs[-9:2]", "xs[4:-9:-1]", "d[xs]", "s['upper']()", "d['keys']()|list", "xs[::100]", "xs[::-100]", "xs[-9223372036854775807:2]")
# Filters.
show("s|upper", "s|lower", "u|upper", "'straße'|upper", "'ΑΣ ΑΣΑ'|lower", "'hello wORLD-foo (bar) \\'x'|title", "'ǆx'|title", "s|capitalize", "'ÉCOLE'|capitalize", "blank|trim", "blank|trim|length", "'xxaxx'|trim('x')", "n|trim", "s|length", "u|count",
     "xs|length", "d|length", "undefined_thing|length", "n|length", "range(4)|length", "nothing|length", "undefined_thing|default('x')", "undefined_thing|d('x')", "nothing|default('x')", "nothing|default('x', true)", "empty|default('x', boolean=true)", "d.q|default",
     "undefined_thing.foo|default('x')", "s|replace('l', 'L')", "s|replace('l', 'L', 1)", "s|replace('', '-')", "'aaa'|replace('aa', 'b')", "n|replace(3, 4)", "xs|first", "xs|last", "[]|first", "[]|first is defined", "[]|last", "s|first", "d|first", "d|last", "s|list", "d|list", "u|list",
     "n|list", "n|string ~ 1", "nothing|string", "xs|string|length", "'42'|int", "'4.7'|int", "'x'|int", "'x'|int(9)", "f|int", "nothing|int", "' 1_0 '|int", "'1e3'|int", "yes|int", "'1.5'|float", "'x'|float", "'x'|float(0.5)", "n|float", "'1e400'|float", "'nan'|float", "'-Infinity'|float", "undefined_thing|int",
     "d|items|list", "undefined_thing|items|list", "d|dictsort", "d|dictsort(true)", "d|dictsort(by='key', reverse=true)", "nested|dictsort", "{'x': 2, 'y': 1}|dictsort(false, 'value')", "people|selectattr('age', 'equalto', 30)|map(attribute='name')|list", "people|selectattr('tags')|list|length",
     "people|selectattr('tags', 'defined')|list|length", "people|rejectattr('age', 'gt', 26)|map(attribute='name')|join(',')", "people|selectattr('name', 'in', ['Ann', 'bob'])|map(attribute='age')|list", "people|map(attribute='tags', default=[])|list", "people|map(attribute='tags.0', default='-')|list", "people|map(attribute='in.deep')|list",
     "xs|select('odd')|list", "xs|reject('odd')|list", "xs|select('divisibleby', 2)|list", "xs|select|list", "none_list|select|list|length", "none_list|reject|list", "xs|select('gt', 2)|list", "words|map('upper')|list", "words|map('replace', 'a', 'z')|join", "xs|map('string')|join('-')", "words|unique|list",
     "words|unique(true)|list", "people|unique(attribute='age')|map(attribute='name')|list", "xs|reverse|list", "s|reverse", "d|reverse|list", "words|sort", "words|sort(reverse=true)", "words|sort(case_sensitive=true)", "people|sort(attribute='age')|map(attribute='name')|list", "people|sort(attribute='age,name')|map(attribute='name')|list",
     "people|sort(true, attribute='age')|map(attribute='name')|list", "none_list|sort", "'a\\nb\\n\\nc'|indent", "'a\\nb\\n\\nc'|indent(2, true)", "'a\\nb\\n\\nc'|indent(2, blank=true)", "'a\\nb'|indent('> ', first=true)", "'a\\nb\\n'|indent", "''|indent", "2.5|round", "3.5|round", "2.567|round(2)", "2.675|round(2)", "n|round", "2.1|round(0, 'ceil')", "2.19|round(1, 'floor')", "(-2.5)|round", "neg|abs", "(-2.5)|abs", "s|abs",
     "d|tojson", "none_list|tojson", "u|tojson", "u|tojson(ensure_ascii=true)", "'<a href=\"x\">&\\'</a>'|tojson", "nested|tojson(indent=2)", "nested|tojson(indent=0)", "[]|tojson(indent=2)", "{}|tojson", "[[], {}, [1]]|tojson(indent=1)", "xs|tojson(separators=(',', ':'))", "d|tojson(sort_keys=true)", "d|tojson(separators=[', ', '='], indent=2)", "'\\x00\\x1f\\x7f\\u2028\\b\\f'|tojson", "1.0|tojson", "big|tojson", "(1, 2)|tojson",
     "{1: 2, none: 3, true: 4, 1.5: 5}|tojson", "undefined_thing|tojson", "range(3)|tojson", "xs|map('string')|tojson", "nothing|tojson", "'nan'|float|tojson", "s|safe", "'<b>'|safe", "'<b> & \\'x\\' \"y\"'|e", "'<b>'|escape", "n|e", "xs|join", "xs|join(', ')", "xs|join(1)", "people|join('/', attribute='name')", "none_list|join('|')", "undefined_thing|join('x')", "s|join('-')", "d|join(',')",
     "s|upper|lower|title", "s|trim|replace('H', 'J')|length", "xs|first|string ~ 'x'", "(xs|map('string')|list)[0]", "xs|map('string')|first", "xs|list|length == 5", "xs|sort|reverse|first", "xs|reverse|last", "words|map('length')|list", "words|map('default', 'x')|join(',')", "xs|length - 1", "xs|length * 2", "1 + xs|length", "'a' ~ xs|join ~ 'b'", "not xs|length", "xs|select('in', [1, 9])|list", "pairs|map('last')|list", "pairs|map('first')|list", "pairs|map(attribute=1)|list", "u|title", "u|capitalize", "xs|map", "xs|map('join')", "d|map('upper')|list", "people|map(attribute='name')|map('lower')|sort|join(' ')", "''|select|list", "nothing|select|list", "nothing|map('upper')|list", "n|select|list", "people|map(attribute='name') if yes", "xs|int", "s|int('none')", "d.items()|list", "d.b|string|int + 1")
# Methods.
show("blank.strip()", "blank.lstrip()", "blank.rstrip()", "'xxaxx'.strip('x')", "'abcab'.strip('ba')", "'a,b,,c'.split(',')", "'a,b,,c'.split(',', 1)", "'a,b,,c'.rsplit(',', 1)", "blank.split()", "' a  b c '.split(none, 1)", "' a  b c '.rsplit(none, 1)", "'a b'.split(maxsplit=1)", "''.split()", "''.split(',')", "'a<t>b</t>c'.split('</t>')[-1]",
     "s.startswith('Hell')", "s.startswith(('x', 'H'))", "s.endswith('ld')", "s.endswith('')", "s.replace('o', '0')", "s.replace('o', '0', 1)", "s.replace('', '.')", "s.upper()", "s.lower()", "\"they're bill's FRIENDS x2y\".title()", "s.capitalize()", "','.join(['a', 'b'])", "','.join(words)", "'-'.join('abc')", "','.join(xs)", "s.find('o')", "s.find('zz')", "u.find('日')", "s.count('l')", "'aaa'.count('aa')", "s.count('')",
     "'a\\nb\\r\\nc'.splitlines()", "'a\\nb\\n'.splitlines()", "'a\\nb'.splitlines(true)", "'prefix-x'.removeprefix('prefix-')", "'x.py'.removesuffix('.py')", "'x'.removesuffix('')", "d.items()", "nested.items()", "nested.keys()|list", "nested.values()|list", "nested.get('a').b", "nested.get('a', {}).get('zz', [])", "s.split(',')[0].strip().lower()", "'x'.join([])", "s.split('')", "s.strip(1)", "s.startswith(1)", "n.strip()", "undefined_thing.strip()", "nothing.strip()", "xs.strip()", "xs.items()", "s.items()", "s.get('x')", "d.strip()",
     "d.b.items()", "people[0].get('name').upper()", "'é'.upper()", "'Σ'.lower()", "'aΣ'.lower()", "'aΣ b'.lower()", "'ŉ'.upper()", "'ﬁ'.title()", "'İ'.lower()", "'a\\u0301'.find('a')", "'\\u00e9' == 'e\\u0301'", "'\\u00e9'.startswith('e')", "'e\\u0301'.startswith('e')", "'e\\u0301'.replace('e', 'a')|tojson", "'🙂🙃'[1]", "'👨‍👩‍👧'|length", "'\\r\\n'|length", "'\\r\\n'[0] == '\\r'", "{'\\u00e9': 1}['e\\u0301'] is defined", "'\\u1f80'.upper()", "'a\\x1cb'.split()", "'a\\x85b\\u2028c'.splitlines()", "'x\\u00a0 '.strip()")
# Variables and scopes.
add("{% set x = 1 %}{{ x }}", "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set (x, y) = [1, 2] %}{{ x }}{{ y }}", "{% set x, = [1] %}{{ x }}", "{% set x, y = [1] %}", "{% set x = 1, 2 %}{{ x }}", "{% set n = n + 1 %}{{ n }}", "{{ x }}{% set x = 1 %}{{ x }}",
    "{% for i in xs %}{% set x = i %}{% endfor %}[{{ x }}]", "{% set x = 0 %}{% for i in xs %}{% set x = x + i %}{{ x }},{% endfor %}[{{ x }}]", "{% for i in xs %}{{ x }}{% set x = i %}{% endfor %}", "{% for i in [1, 2] %}{% if loop.first %}{% set y = 1 %}{% endif %}[{{ y }}]{% endfor %}",
    "{% for i in [1, 2] %}{% if loop.first %}{% set n = 1 %}{% endif %}[{{ n }}]{% endfor %}", "{% for i in [1, 2] %}{% if loop.first %}{% set n = 1 %}{% else %}{% set n = n + 5 %}{% endif %}[{{ n }}]{% endfor %}", "{% if no %}{% set n = 1 %}{% endif %}{{ n }}", "{% if no %}{% set n = 1 %}{% else %}{{ n }}{% endif %}[{{ n }}]",
    "{% if yes %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", "{% if no %}{% elif yes %}{% set x = 1 %}{% endif %}{{ x }}", "{% if no %}{% set n = 4 %}{% elif no %}{% set n = 5 %}{% endif %}{{ n }}", "{% set n = 9 %}{% if yes %}{% for i in [1] %}{{ n }}{% set n = 2 %}{{ n }}{% endfor %}{% endif %}{{ n }}",
    "{% for i in [1] %}{% if yes %}{% set z = 1 %}{% endif %}{% for j in [1] %}{{ z }}{% set z = 5 %}{{ z }}{% endfor %}{{ z }}{% endfor %}{{ z }}", "{% for n in xs %}{% endfor %}{{ n }}", "{% for n in [n, n + 1] %}{{ n }}{% endfor %}", "{% for x in xs if x > n %}{{ x }}{% endfor %}", "{% for x in xs if x is odd %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}",
    "{% for x in [] %}x{% else %}none{% endfor %}", "{% for x in xs if x > 9 %}x{% else %}none {{ x }}{% endfor %}", "{% for x in undefined_thing %}x{% else %}none{% endfor %}", "{% for x in nothing %}x{% endfor %}", "{% for x in n %}x{% endfor %}", "{% for c in 'añ🙂' %}{{ c }}.{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in nested.items() %}{{ k }}{{ v }}{% endfor %}", "{% for k, v in d|dictsort %}{{ k }}{{ v }}{% endfor %}", "{% for (a, b) in pairs %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in xs %}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}", "{% for x in xs %}[{{ loop.previtem }}{{ x }}{{ loop.nextitem }}]{% endfor %}", "{% for x in xs %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% for x in xs %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for a in [1, 2] %}{% for b in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}", "{% for a in [1, 2] %}{% set outer = loop %}{% for b in [1] %}{{ outer.index }}{% endfor %}{% endfor %}", "{% for x in xs %}{% else %}{{ loop }}{% endfor %}", "{{ loop }}", "{% set loop = 1 %}{{ loop }}", "{% for x in [1] %}{% set loop = 2 %}{% endfor %}",
    "{% for x in xs|map('string') %}{{ x }}{{ loop.last }}{% endfor %}", "{% set g = xs|map('string') %}{% for x in g %}{{ x }}{% endfor %}|{% for x in g %}{{ x }}{% endfor %}", "{% set g = xs|select('gt', 9) %}{{ 'y' if g else 'n' }}", "{% for x in xs|reverse %}{{ x }}{% endfor %}", "{% for x in xs[1:3] + [9] %}{{ x }}{% endfor %}", "{% for x in range(3, 0, -1) %}{{ x }}{% endfor %}", "{% for i in range(0) %}x{% else %}y{% endfor %}",
    "{% set ns = namespace(a=1) %}{% set ns.a = ns.a + 1 %}{% for i in xs %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}", "{% set ns = namespace() %}{{ ns.x }}[{{ ns.x is defined }}]{% set ns.x %}b{% endset %}{{ ns.x }}{{ ns['x'] }}", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}", "{% set d.x = 1 %}", "{% set zz.x = 1 %}", "{% set ns = namespace(found=false) %}{% for x in xs if not ns.found %}{{ x }}{% if x == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}",
    "{% set ns = namespace(found=false) %}{% for x in xs if not ns.found %}{{ x }}{{ loop.last }}{% if x == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}", "{% set ns = namespace(items=1) %}{{ ns.items }}", "{% set ns = namespace(a=1) %}{% set ns.a, x = 2, 3 %}{{ ns.a }}{{ x }}",
    "{% set x %}a{{ n }}{% endset %}{{ x }}{{ x|length }}", "{% set x | upper %}ab{% endset %}{{ x }}", "{% set x | replace('a', 'o') | trim %} ab {% endset %}{{ x }}", "{% set x %}{% set y = 5 %}{{ y }}{% endset %}{{ x }}[{{ y }}]", "{% set x %}{{ x }}z{% endset %}{{ x }}", "{% for i in xs %}{% set x %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endset %}{{ x }}{% endfor %}",
    "{% macro m(a, b=2, c=none) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(1, c=4) }}|{{ m() }}|{{ m(b=a) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(4) }}", "{% macro m(a=b, b=1) %}[{{ a }}]{% endmacro %}{{ m() }}",
    "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "{% macro m() %}{{ n }}{% set n = 9 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}", "{% macro m() %}{% set y = 1 %}{% endmacro %}{{ m() }}[{{ y }}]", "{% macro f(k) %}{{ k }}{% if k > 0 %}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro f(k) %}{% for i in range(k) %}({{ f(k - 1) }}{{ i }}{{ k }}){% endfor %}{% endmacro %}{{ f(3) }}",
    "{{ m() }}{% macro m() %}x{% endmacro %}", "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% if yes %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}", "{% macro m() %}x{% endmacro %}{{ m() ~ m()|upper }}{{ m is callable }}{{ m() is string }}{{ m()|length }}", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}b{% endmacro %}{{ a() }}", "{% macro m(x) %}{% for x in [x] %}{{ x }}{% endfor %}{{ x }}{% endmacro %}{{ m(1) }}",
    "{% macro m(x) %}{% macro i() %}{{ x }}{% endmacro %}{{ i() }}{% endmacro %}{{ m(1) }}{{ m(2) }}", "{% macro m(ns) %}{% set ns.a = 2 %}{% endmacro %}{% set ns = namespace(a=1) %}{{ m(ns) }}{{ ns.a }}", "{% macro m() %}{{ loop }}{% endmacro %}{% for i in [1] %}{{ m() }}{% endfor %}", "{% macro m(messages) %}{{ messages }}{% endmacro %}{{ m(1) }}", "{% macro m() -%} a {%- endmacro %}{{ m() }}!", "{% set f = 3 %}{% macro f() %}x{% endmacro %}{{ f() }}", "{% macro m(a, a2=1,) %}{% endmacro %}",
    "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}[{{ x }}]", "{% set x = 0 %}{% generation %}{{ x }}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}", "{% for i in [1, 2] %}{% generation %}{{ i }}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% for i in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% if zero %}a{% elif empty %}b{% elif xs %}c{% else %}d{% endif %}", "{% if n, %}t{% endif %}", "{% if undefined_thing %}a{% else %}b{% endif %}", "{% if 0.0 or '' or [] or {} or () or none %}a{% else %}b{% endif %}", "{% if range(0) %}a{% else %}b{% endif %}", "{% if not messages is defined %}x{% endif %}", "{{ raise_exception('Go ' ~ n) }}", "{% if no %}{{ raise_exception('x') }}{% endif %}ok", "{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %B %a %A %y %%') }}", "{% if strftime_now is defined %}{{ strftime_now('%d %B %Y') }}{% endif %}",
    "{% for x in xs %}{% for y in xs %}{% if y == 2 %}{% break %}{% endif %}{{ y }}{% endfor %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% break %}", "{% for x in xs %}{% if x == 2 %}{% break %}{% endif %}{% else %}never{% endfor %}", "{% for x in xs %}{% if x < 9 %}{% continue %}{% endif %}{% else %}never{% endfor %}.", "{% for a in [1, 2] %}{% for b in [] %}{% else %}{% break %}{% endfor %}{{ a }}{% endfor %}", "{% for x in [3, 1] %}{{ x }}{% for x in [5] %}{{ x }}{% endfor %}{{ x }}{% endfor %}",
    "{% for item in people %}{{ item.name }}{{ ', ' if not loop.last }}{% endfor %}", "{% set msg = people[0] %}{% for msg in people %}{{ msg.age }}{% endfor %}{{ msg.name }}", "{% for a in xs %}{% set last = loop.last %}{{ last }}{% endfor %}", "{% set a = b = 1 %}", "{% set 'a' = 1 %}", "{% set true = 1 %}", "{% set a.b.c = 1 %}", "{% for a.b in xs %}{% endfor %}")
# What is no template.
add("{{", "{{ 1", "{% if %}", "{% if 1 %}", "{% endif %}", "{% for x %}{% endfor %}", "{% for x in %}{% endfor %}", "{{ }}", "{{ 1 2 }}", "{{ a b }}", "{{ 'a }}", "{{ (1 }}", "{{ 1) }}", "{{ [1, }}", "{{ {1} }}", "{{ {'a' 1} }}", "{{ x. }}", "{{ x | }}", "{{ x is }}", "{{ x is not }}", "{{ 1 + }}", "{{ * }}", "{{ a = 1 }}",
    "{% set %}", "{% set x %}", "{% macro %}", "{% macro m %}x{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% else %}", "{% elif 1 %}", "{% if 1 %}{% else %}{% elif 2 %}{% endif %}", "{% for x in xs %}{% endif %}", "{# x", "{{ f(a=1, 2) }}", "{{ xs[1 }}", "{% %}", "{{ \u00e4 + }}", "{{ $ }}", "{{ a ? b }}", "{{ 1..2 }}", "{{ not }}", "{{ '\\x4' }}", "{% if 1 %}{% endfor %}", "{% endset %}", "{{ range() }}", "{{ range(1, 2, 0) }}", "{{ range('a') }}", "{{ range(1000000) }}", "{{ n() }}", "{{ s() }}", "{{ xs|first() }}", "{{ xs|first(1) }}", "{{ s|upper(1) }}", "{{ s|replace('a') }}", "{{ d.get() }}", "{{ d.items(1) }}", "{{ s.upper(1) }}", "{{ s.split(',', 1, 2) }}", "{{ d|dictsort(by='x') }}", "{{ 2.5|round(0, 'x') }}", "{{ xs|sort(attribute='a') }}", "{{ [1, 'a']|sort }}", "{{ [[1], [2]]|unique|list }}", "{{ {[]: 1} }}", "{{ [] in d }}")


# Random templates, for a longer comparison than the fixture.

ATOMS = ["n", "zero", "neg", "f", "s", "u", "blank", "empty", "xs", "words", "d", "people", "pairs",
         "nested", "nothing", "yes", "no", "none_list", "x", "y", "1", "2", "-1", "0", "'a'", "'l'", "' '",
         "''", "[1, 'a']", "{'a': 1}", "(1, 2)", "1.5", "none", "true", "q", "loop", "ns", "range(3)"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and",
          "or"]
FILTERS = ["trim", "length", "upper", "lower", "title", "capitalize", "first", "last", "list", "string",
           "int", "float", "items", "dictsort", "unique", "reverse", "sort", "join", "join(',')", "indent",
           "round", "abs", "tojson", "tojson(indent=2)", "default('z')", "d", "replace('l', 'L')",
           "map('string')", "map('upper')", "map(attribute='name')", "select", "reject", "select('odd')",
           "selectattr('age')", "selectattr('age', 'gt', 26)", "rejectattr('tags')", "count",
           "map(attribute='0')", "sort(attribute='name')", "sort(reverse=true)", "map('first')"]
TESTS = ["defined", "undefined", "none", "string", "mapping", "iterable", "number", "sequence",
         "boolean", "true", "false", "integer", "float", "callable", "odd", "even", "lower", "upper",
         "eq 1", "in xs", "divisibleby 2", "gt(1)"]
POSTFIX = [".name", ".items()", ".keys()", ".get('a')", ".upper()", ".strip()", ".split()",
           ".split(' ', 1)", "[0]", "[-1]", "['a']", "[1:]", "[:-1]", "[::-1]", ".a", ".b", ".0",
           ".startswith('H')", ".replace('l', '')", ".title()", "[n]", "[::2]", ".missing", ".index"]


def random_expression(dice, depth=3):
    kind = dice.random()
    if depth == 0 or kind < 0.25:
        return dice.choice(ATOMS)
    inner = lambda: random_expression(dice, depth - 1)
    if kind < 0.45:
        return f"{inner()} {dice.choice(BINARY)} {inner()}"
    if kind < 0.6:
        return f"{inner()}|{dice.choice(FILTERS)}"
    if kind < 0.7:
        return f"{inner()}{dice.choice(POSTFIX)}"
    if kind < 0.78:
        return f"{inner()} is {dice.choice(['', 'not '])}{dice.choice(TESTS)}"
    if kind < 0.83:
        return f"({inner()})"
    if kind < 0.87:
        return f"{dice.choice(['not ', '-', '+'])}{inner()}"
    if kind < 0.92:
        return f"{inner()} if {inner()}" + (f" else {inner()}" if dice.random() < 0.7 else "")
    if kind < 0.96:
        return f"[{inner()}, {inner()}]"
    return "{" + f"'k': {inner()}" + "}"


def random_tag(dice, words):
    return "{%" + dice.choice(["", "", "", "-", "+"]) + f" {words} " + dice.choice(
        ["", "", "", "-", "+"]) + "%}"


def random_body(dice, depth):
    parts = []
    for _ in range(dice.randint(1, 3)):
        kind = dice.random()
        if kind < 0.3:
            parts.append(dice.choice(["a", " ", "\n", "  \n", "\n  ", " b ", "\t", "c\n\n"]))
        elif kind < 0.55 or depth == 0:
            sign = dice.choice(["", "", "-"])
            parts.append("{{" + sign + f" {random_expression(dice, 2)} " + sign + "}}")
        elif kind < 0.65:
            name = dice.choice(["x", "y", "n", "x, y"])
            parts.append(random_tag(dice, f"set {name} = {random_expression(dice, 2)}"))
        elif kind < 0.7:
            parts.append(random_tag(dice, "set " + dice.choice(["x", "y", "x | upper"]))
                         + random_body(dice, depth - 1) + random_tag(dice, "endset"))
        elif kind < 0.82:
            branches = random_tag(dice, f"if {random_expression(dice, 2)}") + random_body(
                dice, depth - 1)
            if dice.random() < 0.3:
                branches += random_tag(dice, f"elif {random_expression(dice, 2)}") + random_body(
                    dice, depth - 1)
            if dice.random() < 0.5:
                branches += random_tag(dice, "else") + random_body(dice, depth - 1)
            parts.append(branches + random_tag(dice, "endif"))
        elif kind < 0.94:
            sequence = dice.choice(["xs", "words", "people", "range(3)", "'ab'", "[]", "d",
                                    "xs|reverse", random_expression(dice, 1)])
            test = dice.choice(["", "", f" if {random_expression(dice, 1)}"])
            body = random_body(dice, depth - 1)
            if dice.random() < 0.3:
                body += random_tag(dice, f"if {random_expression(dice, 1)}") + random_tag(
                    dice, dice.choice(["break", "continue"])) + random_tag(dice, "endif") + "."
            if dice.random() < 0.3:
                body += random_tag(dice, "else") + random_body(dice, depth - 1)
            parts.append(random_tag(dice, f"for {dice.choice(['x', 'y', 'n'])} in {sequence}{test}")
                         + body + random_tag(dice, "endfor"))
        else:
            parts.append(random_tag(dice, "macro m(x, y=1)") + random_body(dice, depth - 1)
                         + random_tag(dice, "endmacro") + "{{ m(" + random_expression(dice, 1)
                         + ") }}")
    return "".join(parts)


def random_template(dice):
    if dice.random() < 0.5:
        return "{{ " + random_expression(dice, 4) + " }}"
    return "{% set ns = namespace(a=1) %}" + random_body(dice, 3)
