"""What an operator does to groups and logs, and the Python client of this age cannot:
calls of librdkafka's admin API, by hand."""

import ctypes

_TIMEOUT_MS = 20_000
_PRODUCER = 0
_lib = ctypes.CDLL("librdkafka.so.1")


def _function(name, result, *arguments):
    function = getattr(_lib, name)
    function.restype, function.argtypes = result, arguments
    return function


_pointer, _text, _int, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t


class _TopicPartition(ctypes.Structure):
    _fields_ = [("topic", _text), ("partition", ctypes.c_int32), ("offset", ctypes.c_int64),
                ("metadata", _pointer), ("metadata_size", _size), ("opaque", _pointer),
                ("err", _int), ("private", _pointer)]


class _TopicPartitionList(ctypes.Structure):
    _fields_ = [("cnt", _int), ("size", _int), ("elems", ctypes.POINTER(_TopicPartition))]


_conf_new = _function("rd_kafka_conf_new", _pointer)
_conf_set = _function("rd_kafka_conf_set", _int, _pointer, _text, _text, _text, _size)
_new = _function("rd_kafka_new", _pointer, _int, _pointer, _text, _size)
_destroy = _function("rd_kafka_destroy", None, _pointer)
_queue_new = _function("rd_kafka_queue_new", _pointer, _pointer)
_queue_poll = _function("rd_kafka_queue_poll", _pointer, _pointer, _int)
_queue_destroy = _function("rd_kafka_queue_destroy", None, _pointer)
_event_error_string = _function("rd_kafka_event_error_string", _text, _pointer)
_event_error = _function("rd_kafka_event_error", _int, _pointer)
_event_destroy = _function("rd_kafka_event_destroy", None, _pointer)
_error_text = _function("rd_kafka_err2str", _text, _int)
_list_new = _function("rd_kafka_topic_partition_list_new", _pointer, _int)
_list_add = _function("rd_kafka_topic_partition_list_add", ctypes.POINTER(_TopicPartition),
                      _pointer, _text, ctypes.c_int32)
_group_new = _function("rd_kafka_DeleteGroup_new", _pointer, _text)
_delete_groups = _function("rd_kafka_DeleteGroups", None, _pointer, ctypes.POINTER(_pointer), _size,
                           _pointer, _pointer)
_group_results = _function("rd_kafka_DeleteGroups_result_groups", ctypes.POINTER(_pointer),
                           _pointer, ctypes.POINTER(_size))
_group_error = _function("rd_kafka_group_result_error", _pointer, _pointer)
_error_string = _function("rd_kafka_error_string", _text, _pointer)
_records_new = _function("rd_kafka_DeleteRecords_new", _pointer, _pointer)
_delete_records = _function("rd_kafka_DeleteRecords", None, _pointer, ctypes.POINTER(_pointer),
                            _size, _pointer, _pointer)
_deleted_records = _function("rd_kafka_DeleteRecords_result_offsets",
                             ctypes.POINTER(_TopicPartitionList), _pointer)


class OperatorError(Exception):
    pass


def _ask(bootstrap, request, judge=lambda event: None):
    """Makes a client, sends a request, waits for its answer. No object is given back: the
    process is a test's."""
    text = ctypes.create_string_buffer(512)
    conf = _conf_new()
    _conf_set(conf, b"bootstrap.servers", bootstrap.encode(), text, len(text))
    client = _new(_PRODUCER, conf, text, len(text))
    queue = _queue_new(client)
    request(client, queue)
    event = _queue_poll(queue, _TIMEOUT_MS)
    if not event:
        raise OperatorError("no answer")
    try:
        if _event_error(event):
            raise OperatorError(_event_error_string(event).decode())
        judge(event)
    finally:
        _event_destroy(event)
        _queue_destroy(queue)
        _destroy(client)


def delete_group(bootstrap, group):
    """The group must be empty."""
    def judge(event):
        count = _size()
        results = _group_results(event, ctypes.byref(count))
        error = _group_error(results[0])
        if error:
            raise OperatorError(_error_string(error).decode())
    one = (_pointer * 1)(_group_new(group.encode()))
    _ask(bootstrap, lambda client, queue: _delete_groups(client, one, 1, None, queue), judge)


def delete_records(bootstrap, topic, before, partition=0):
    """Deletes the records below the offset `before`."""
    def judge(event):
        error = _deleted_records(event).contents.elems[0].err
        if error:
            raise OperatorError(_error_text(error).decode())
    partitions = _list_new(1)
    _list_add(partitions, topic.encode(), partition).contents.offset = before
    one = (_pointer * 1)(_records_new(partitions))
    _ask(bootstrap, lambda client, queue: _delete_records(client, one, 1, None, queue), judge)
