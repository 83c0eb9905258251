"""For tests: does in WeeChat what a person would, and tells what a person would see.

Requests are lines of JSON in the file `asks` of WeeChat's folder, answers lines in `answers`.
"""

import json
import os

import weechat

weechat.register("probe", "mpOTR", "1", "MIT OR Apache-2.0", "tests", "", "")
FOLDER = weechat.info_get("weechat_data_dir", "")
READ = 0


def buffer_of(name):
    return weechat.buffer_search("==", name)


def lines_of(name):
    if not buffer_of(name):
        return []
    infolist = weechat.infolist_get("buffer_lines", buffer_of(name), "")
    lines = []
    while infolist and weechat.infolist_next(infolist):
        parts = [weechat.infolist_string(infolist, part) for part in ("prefix", "message", "tags")]
        prefix, message = (weechat.string_remove_color(part, "") for part in parts[:2])
        lines.append([prefix, message, parts[2].split(",")])
    weechat.infolist_free(infolist)
    return lines


def do(ask):
    buffer = buffer_of(ask.get("buffer", "core.weechat"))
    if ask["do"] == "command":
        weechat.command(buffer, ask["text"])
    elif ask["do"] == "type":
        # As at the keyboard.
        weechat.buffer_set(buffer, "input", ask["text"])
        weechat.command(buffer, "/input return")
    elif ask["do"] == "lines":
        return lines_of(ask["buffer"])
    elif ask["do"] == "info":
        return weechat.info_get("mpotr", buffer)
    elif ask["do"] == "input":
        return weechat.buffer_get_string(buffer, "input")
    elif ask["do"] == "clear input":
        weechat.buffer_set(buffer, "input", "")
    elif ask["do"] == "local":
        return weechat.buffer_get_string(buffer, "localvar_mpotr")
    elif ask["do"] == "history":
        infolist = weechat.infolist_get("history", "", "")
        texts = []
        while infolist and weechat.infolist_next(infolist):
            texts.append(weechat.infolist_string(infolist, "text"))
        weechat.infolist_free(infolist)
        return texts
    return None


def look(_data, _left):
    global READ
    try:
        with open(os.path.join(FOLDER, "asks"), encoding="utf-8") as file:
            file.seek(READ)
            asks = file.read()
    except FileNotFoundError:
        return weechat.WEECHAT_RC_OK
    whole = asks[: asks.rfind("\n") + 1]
    READ += len(whole.encode())
    for line in whole.split("\n")[:-1]:
        answer = json.dumps(do(json.loads(line)))
        with open(os.path.join(FOLDER, "answers"), "a", encoding="utf-8") as file:
            file.write(answer + "\n")
    return weechat.WEECHAT_RC_OK


weechat.hook_timer(20, 0, 0, "look", "")
